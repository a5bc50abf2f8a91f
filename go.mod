module github.com/edgewise-go/edgewise

go 1.26.0

require (
	github.com/edgewise-go/edgewise/bufstrategy v0.1.0
	github.com/edgewise-go/edgewise/queue v0.1.0
	github.com/edgewise-go/edgewise/resolve v0.1.0
	github.com/edgewise-go/edgewise/sched v0.1.0
	github.com/edgewise-go/edgewise/stream v0.1.0
	github.com/edgewise-go/edgewise/sys v0.1.0
)

require (
	golang.org/x/net v0.62.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
)

replace (
	github.com/edgewise-go/edgewise/bufstrategy => ./bufstrategy
	github.com/edgewise-go/edgewise/queue => ./queue
	github.com/edgewise-go/edgewise/resolve => ./resolve
	github.com/edgewise-go/edgewise/sched => ./sched
	github.com/edgewise-go/edgewise/stream => ./stream
	github.com/edgewise-go/edgewise/sys => ./sys
)
