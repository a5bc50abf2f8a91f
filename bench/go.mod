module github.com/edgewise-go/edgewise/bench

go 1.26.0

require (
	github.com/cloudwego/netpoll v0.7.2
	github.com/edgewise-go/edgewise v0.2.0
	github.com/edgewise-go/edgewise/bufstrategy v0.1.0
	github.com/edgewise-go/edgewise/queue v0.1.0
	github.com/edgewise-go/edgewise/resolve v0.1.0
	github.com/edgewise-go/edgewise/sched v0.1.0
	github.com/edgewise-go/edgewise/stream v0.1.0
	github.com/edgewise-go/edgewise/sys v0.1.0
	github.com/lesismal/nbio v1.6.12
	github.com/panjf2000/gnet/v2 v2.10.0
	github.com/schollz/progressbar/v3 v3.19.1
	github.com/smallnest/ringbuffer v0.2.1
	github.com/spf13/cobra v1.10.2
	github.com/spf13/pflag v1.0.9
	github.com/stretchr/testify v1.12.1
	github.com/valyala/bytebufferpool v1.0.0
	golang.org/x/sync v0.24.0
	golang.org/x/sys v0.49.0
	golang.org/x/term v0.47.0
	gonum.org/v1/gonum v0.17.0
	gonum.org/v1/plot v0.17.0
)

require (
	codeberg.org/go-fonts/liberation v0.5.0 // indirect
	codeberg.org/go-latex/latex v0.2.0 // indirect
	codeberg.org/go-pdf/fpdf v0.11.1 // indirect
	git.sr.ht/~sbinet/gg v0.7.0 // indirect
	github.com/ajstarks/svgo v0.0.0-20211024235047-1546f124cd8b // indirect
	github.com/bytedance/gopkg v0.1.1 // indirect
	github.com/cloudwego/gopkg v0.1.4 // indirect
	github.com/golang/freetype v0.0.0-20170609003504-e2365dfdc4a0 // indirect
	github.com/inconshreveable/mousetrap v1.1.0 // indirect
	github.com/mitchellh/colorstring v0.0.0-20190213212951-d06e56a500db // indirect
	github.com/panjf2000/ants/v2 v2.12.1 // indirect
	github.com/rivo/uniseg v0.4.7 // indirect
	go.uber.org/multierr v1.11.0 // indirect
	go.uber.org/zap v1.28.0 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/image v0.30.0 // indirect
	golang.org/x/net v0.62.0 // indirect
	golang.org/x/text v0.43.0 // indirect
	gopkg.in/natefinch/lumberjack.v2 v2.2.1 // indirect
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
