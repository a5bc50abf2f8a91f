package edgewise

import (
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/resolve"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/stream"
)

// Defaults of Options.
const (
	DefaultMaxConns     = 1 << 20
	DefaultGrace        = 10 * time.Second
	DefaultBufferMemory = 256 << 20
)

// MaxLoops bounds Options.Loops.
const MaxLoops = sched.MaxShards

// Options select the parts of a Stack and their bounds. The zero value is ready to use. Each part
// can be selected by its name, which suits flags, or by a value.
type Options struct {
	// Queue names the mechanism of the event queues, as package queue/auto does: "auto", "epoll",
	// "iouring", "kqueue", "iocp" or "poll". An empty name means "auto". OpenQueue replaces it.
	Queue     string
	OpenQueue func() (queue.Queue, error)

	// Mode is the trigger mode of the queues: "edge", "level" or "oneshot". An empty name means
	// "edge".
	Mode string

	// Scheduler places tasks on loops: "single", "sharded", "shared" or "stealing". An empty name
	// means "single" for one loop and "sharded" for several. NewScheduler replaces it. It makes a
	// scheduler whose loops have the given options.
	Scheduler    string
	NewScheduler func(open func() (queue.Queue, error), options sched.Options) (sched.Scheduler, error)

	// Loops is the number of event loops, each of which is a thread. With the scheduler "shared" it
	// is the number of threads of the one loop. Zero means one per processor (GOMAXPROCS), and at
	// most MaxLoops.
	Loops int

	// Buffer names the strategy of the buffers that NewBuffer makes, as package bufstrategy does.
	// An empty name means "perloop", or "chain" if tasks of one loop run at the same time.
	Buffer string
	// BufferLimit bounds the unread bytes in one buffer. Zero means 64 KiB.
	BufferLimit int
	// BufferMemory bounds the memory of all buffers per loop. Zero means DefaultBufferMemory.
	BufferMemory int

	// Resolve names the strategy that resolves host names: "pool" or "blocking". An empty name
	// means "pool". The hosts file, a cache and coalescing surround it. Resolver replaces all of
	// that. The Stack closes it.
	Resolve  string
	Resolver resolve.Strategy
	// HostsPath is the path of the hosts file. An empty path means that of the system.
	HostsPath string

	// Sched holds the bounds and budgets of the loops. Mode and Poller are set by Open. If Ended is
	// nil, the errors of tasks are logged, except those that only say that a peer has left.
	Sched sched.Options
	// Listen and Packet hold the options of listeners and of datagram sockets.
	Listen stream.ListenOptions
	Packet stream.PacketOptions
	// Dialer holds the options of dials. Waiter, Resolve and ResolveParts are set by Open.
	Dialer stream.Dialer

	// MaxConns bounds the connections per Serve, which pauses at the bound. Zero means
	// DefaultMaxConns.
	MaxConns int
	// Grace is how long Serve waits for its connections after its context is done, before it
	// cancels their tasks. Zero means DefaultGrace.
	Grace time.Duration

	// Logger logs what no caller is told. nil means slog.Default.
	Logger *slog.Logger
}

// choice is an option with a few valid names.
type choice struct {
	option string
	names  []string
}

var (
	modes      = choice{"Mode", []string{"edge", "level", "oneshot"}}
	schedulers = choice{"Scheduler", []string{"single", "sharded", "shared", "stealing"}}
	resolvers  = choice{"Resolve", []string{"pool", "blocking"}}
	buffers    = choice{"Buffer", bufstrategy.Names()}
)

func (c choice) check(name string) error {
	if !slices.Contains(c.names, name) {
		return fmt.Errorf("option %s %q: unknown; want one of %s", c.option, name, strings.Join(c.names, ", "))
	}
	return nil
}

// complete checks the options and fills in the defaults.
func (o Options) complete() (Options, error) {
	if o.Loops == 0 {
		o.Loops = min(runtime.GOMAXPROCS(0), MaxLoops)
	}
	if o.Loops < 1 || o.Loops > MaxLoops {
		return o, fmt.Errorf("option Loops %d: want 0 to %d", o.Loops, MaxLoops)
	}
	setDefault(&o.Queue, "auto")
	setDefault(&o.Mode, "edge")
	setDefault(&o.Resolve, "pool")
	if o.Loops == 1 {
		setDefault(&o.Scheduler, "single")
	}
	setDefault(&o.Scheduler, "sharded")
	concurrent := o.concurrent()
	if concurrent {
		setDefault(&o.Buffer, "chain")
	}
	setDefault(&o.Buffer, "perloop")
	if o.MaxConns == 0 {
		o.MaxConns = DefaultMaxConns
	}
	if o.Grace == 0 {
		o.Grace = DefaultGrace
	}
	if o.BufferLimit == 0 {
		o.BufferLimit = defaultBufferLimit
	}
	if o.BufferMemory == 0 {
		o.BufferMemory = DefaultBufferMemory
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	for _, c := range []struct {
		choice choice
		name   string
	}{{modes, o.Mode}, {schedulers, o.Scheduler}, {resolvers, o.Resolve}, {buffers, o.Buffer}} {
		if err := c.choice.check(c.name); err != nil {
			return o, err
		}
	}
	switch {
	case o.Scheduler == "single" && o.Loops != 1:
		return o, fmt.Errorf("option Scheduler single with %d loops: it has one; the nearest that works is sharded", o.Loops)
	case o.Scheduler == "shared" && o.Loops > sched.MaxWorkers:
		return o, fmt.Errorf("option Scheduler shared with %d loops: want at most %d threads of one loop", o.Loops, sched.MaxWorkers)
	case o.Buffer == "perloop" && concurrent:
		return o, fmt.Errorf("option Buffer perloop with Scheduler %s and %d loops: tasks of one loop would use one array at the same time; the nearest that works is chain",
			o.Scheduler, o.Loops)
	case o.MaxConns < 0:
		return o, fmt.Errorf("option MaxConns %d: want at least 1, or 0 for %d", o.MaxConns, DefaultMaxConns)
	}
	return o, nil
}

func setDefault(name *string, value string) {
	if *name == "" {
		*name = value
	}
}

// concurrent reports whether tasks of one loop can run at the same time.
func (o Options) concurrent() bool {
	return o.NewScheduler != nil || o.Loops > 1 && (o.Scheduler == "shared" || o.Scheduler == "stealing")
}

func (o Options) mode() queue.Mode {
	return map[string]queue.Mode{"edge": queue.Edge, "level": queue.Level, "oneshot": queue.OneShot}[o.Mode]
}
