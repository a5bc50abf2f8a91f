module github.com/edgewise-go/edgewise/sched

go 1.26.0

require (
	github.com/edgewise-go/edgewise/queue v0.1.0
	github.com/edgewise-go/edgewise/sys v0.1.0
)

require golang.org/x/sys v0.49.0

replace (
	github.com/edgewise-go/edgewise/queue => ../queue
	github.com/edgewise-go/edgewise/sys => ../sys
)
