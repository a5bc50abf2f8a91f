module github.com/edgewise-go/edgewise/magefiles

go 1.26.0

require github.com/magefile/mage v1.17.2

require golang.org/x/sync v0.23.0

require (
	github.com/stretchr/testify v1.12.1
	go.yaml.in/yaml/v3 v3.0.5 // indirect
)

tool github.com/magefile/mage
