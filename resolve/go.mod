module github.com/edgewise-go/edgewise/resolve

go 1.26.0

require (
	github.com/stretchr/testify v1.12.1
	golang.org/x/net v0.62.0
)

require golang.org/x/sys v0.49.0

require (
	github.com/edgewise-go/edgewise/sys v0.1.0
	go.yaml.in/yaml/v3 v3.0.5 // indirect
)

replace github.com/edgewise-go/edgewise/sys => ../sys
