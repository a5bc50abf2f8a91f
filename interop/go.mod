module github.com/edgewise-go/edgewise/interop

go 1.26.0

require (
	github.com/coder/websocket v1.8.15
	github.com/gorilla/websocket v1.5.3
	golang.org/x/net v0.62.0
	google.golang.org/grpc v1.85.0
	google.golang.org/protobuf v1.36.12
)

require (
	github.com/edgewise-go/edgewise/sys v0.1.0 // indirect
	golang.org/x/text v0.43.0 // indirect
	google.golang.org/genproto/googleapis/rpc v0.0.0-20260817212433-ac3dfec99bb1 // indirect
)

require (
	github.com/edgewise-go/edgewise/queue v0.1.0
	github.com/edgewise-go/edgewise/sched v0.1.0
	github.com/edgewise-go/edgewise/stream v0.1.0
	golang.org/x/sys v0.50.0 // indirect
)

replace github.com/edgewise-go/edgewise/queue => ../queue

replace github.com/edgewise-go/edgewise/sched => ../sched

replace github.com/edgewise-go/edgewise/stream => ../stream

replace github.com/edgewise-go/edgewise/sys => ../sys
