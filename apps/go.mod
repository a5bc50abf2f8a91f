module github.com/edgewise-go/edgewise/apps

go 1.26.0

require (
	github.com/HdrHistogram/hdrhistogram-go v1.4.0
	github.com/edgewise-go/edgewise v0.2.0
	github.com/edgewise-go/edgewise/bufstrategy v0.1.0
	github.com/edgewise-go/edgewise/queue v0.1.0
	github.com/edgewise-go/edgewise/resolve v0.1.0
	github.com/edgewise-go/edgewise/sched v0.1.0
	github.com/edgewise-go/edgewise/stream v0.1.0
	github.com/edgewise-go/edgewise/sys v0.1.0
	github.com/hashicorp/golang-lru/v2 v2.0.7
	github.com/schollz/progressbar/v3 v3.19.1
	github.com/stretchr/testify v1.12.1
	golang.org/x/net v0.62.0
	golang.org/x/sys v0.49.0
	golang.org/x/term v0.47.0
)

require (
	github.com/mitchellh/colorstring v0.0.0-20190213212951-d06e56a500db // indirect
	github.com/rivo/uniseg v0.4.7 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
)

replace (
	github.com/edgewise-go/edgewise => ../
	github.com/edgewise-go/edgewise/bufstrategy => ../bufstrategy
	github.com/edgewise-go/edgewise/queue => ../queue
	github.com/edgewise-go/edgewise/resolve => ../resolve
	github.com/edgewise-go/edgewise/sched => ../sched
	github.com/edgewise-go/edgewise/stream => ../stream
	github.com/edgewise-go/edgewise/sys => ../sys
)
