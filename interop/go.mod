module github.com/edgewise-go/edgewise/interop

go 1.26.0

require (
	github.com/coder/websocket v1.8.15
	github.com/gorilla/websocket v1.5.3
	github.com/jackc/pgx/v5 v5.13.0
	github.com/miekg/dns v1.1.73
	github.com/pires/go-proxyproto v0.15.0
	github.com/quic-go/quic-go v0.65.0
	github.com/redis/go-redis/v9 v9.23.0
	github.com/soheilhy/cmux v0.1.5
	github.com/valyala/fasthttp v1.78.0
	golang.org/x/crypto v0.59.0
	golang.org/x/net v0.62.0
	google.golang.org/grpc v1.85.0
	google.golang.org/protobuf v1.36.12
)

require (
	github.com/cespare/xxhash/v2 v2.3.0 // indirect
	github.com/edgewise-go/edgewise/bufstrategy v0.1.0 // indirect
	github.com/edgewise-go/edgewise/sys v0.1.0 // indirect
	github.com/jackc/pgpassfile v1.0.0 // indirect
	github.com/jackc/pgservicefile v0.0.0-20240606120523-5a60cdf6a761 // indirect
	github.com/klauspost/compress v1.20.3 // indirect
	github.com/molecule-man/go-brrr v1.3.1 // indirect
	github.com/valyala/bytebufferpool v1.0.0 // indirect
	go.uber.org/atomic v1.12.0 // indirect
	golang.org/x/text v0.44.0 // indirect
	google.golang.org/genproto/googleapis/rpc v0.0.0-20260817212433-ac3dfec99bb1 // indirect
)

require (
	github.com/edgewise-go/edgewise v0.2.0
	github.com/edgewise-go/edgewise/queue v0.1.0
	github.com/edgewise-go/edgewise/resolve v0.1.0
	github.com/edgewise-go/edgewise/sched v0.1.0
	github.com/edgewise-go/edgewise/stream v0.1.0 // indirect
	golang.org/x/sys v0.50.0 // indirect
)

replace github.com/edgewise-go/edgewise/queue => ../queue

replace github.com/edgewise-go/edgewise/sched => ../sched

replace github.com/edgewise-go/edgewise/stream => ../stream

replace github.com/edgewise-go/edgewise/sys => ../sys

replace github.com/edgewise-go/edgewise => ../

replace github.com/edgewise-go/edgewise/bufstrategy => ../bufstrategy

replace github.com/edgewise-go/edgewise/resolve => ../resolve
