// Package strategy gives every program the same flags to choose strategies.
package strategy

import (
	"errors"
	"flag"
	"runtime"

	"github.com/edgewise-go/edgewise"
	"github.com/edgewise-go/edgewise/apps/internal/cli"
)

// Which selects optional flags.
type Which uint8

// The flags that only some programs take.
const (
	WithBuffer Which = 1 << iota
	WithResolve
)

// Register adds the flags to fs, with their defaults. They set fields of o.
func Register(fs *flag.FlagSet, o *edgewise.Options, which Which) {
	fs.StringVar(&o.Queue, "queue", "auto", "event queue: auto|epoll|iouring|poll|kqueue|iocp")
	fs.StringVar(&o.Mode, "mode", "edge", "mode of the event queue: edge|level|oneshot")
	fs.StringVar(&o.IO, "io", "auto", "how bytes move: auto|readiness|completion")
	fs.StringVar(&o.Scheduler, "sched", "", "scheduler: single|sharded|shared|stealing (default single for one loop, otherwise sharded)")
	fs.IntVar(&o.Loops, "loops", 1, "event loops, one thread per loop; with -sched shared, threads of the one loop; 0 for one per processor")
	if which&WithBuffer != 0 {
		fs.StringVar(&o.Buffer, "buffer", "", "buffer strategy: fixed|grow|ring|mirrored|chain|adaptive|perloop (default perloop, or chain if connections of a loop can run at the same time)")
	}
	if which&WithResolve != 0 {
		fs.StringVar(&o.Resolve, "resolve", "adaptive", "resolver strategy: adaptive|blocking|pool|evented")
	}
}

// Open opens the Stack that the flags request. Several loops get a listener each. An option that
// cannot work is a usage error that names its flag.
func Open(o edgewise.Options) (*edgewise.Stack, error) {
	// The one loop of -sched shared has one listener, and each connection goes to a free thread.
	// Several listeners would not help, because all of them would be in the same queue.
	several := o.Loops > 1 || o.Loops == 0 && runtime.GOMAXPROCS(0) > 1
	o.Listen.ReusePort = several && o.Scheduler != "shared"
	stack, err := edgewise.Open(o)
	var unusable *edgewise.OptionError
	if !errors.As(err, &unusable) {
		return stack, err
	}
	name := map[string]string{
		"Queue": "queue", "Mode": "mode", "IO": "io", "Scheduler": "sched", "Loops": "loops", "Buffer": "buffer", "Resolve": "resolve", "HostsPath": "hosts",
	}[unusable.Option]
	if unusable.Nearest == "" {
		return nil, cli.Usagef("-%s %s: %w", name, unusable.Value, unusable.Err)
	}
	return nil, cli.Usagef("-%s %s: %w; the nearest that works is -%[1]s %[4]s", name, unusable.Value, unusable.Err, unusable.Nearest)
}
