package edgewise

import (
	"fmt"
	"log/slog"
	"net/netip"
	"runtime"
	"slices"
	"strconv"
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

	// IO selects how the bytes of connections move. With "readiness" the queue reports when a
	// socket is ready, and the tasks read and write it. With "completion" the queue reads and
	// writes, many connections per system call; see sched.Options.Completions. A mechanism that
	// only reports readiness gets an adapter, so the choice changes no program. An empty name means
	// "auto": "completion" if the mechanism itself performs operations, as iouring and iocp do.
	IO string

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
	// The strategy "kernel" is excluded: it needs a mechanism that lends segments. An empty name
	// means "perloop", or "chain" if tasks of one loop run at the same time.
	Buffer string
	// BufferLimit bounds the unread bytes in one buffer. Zero means 64 KiB.
	BufferLimit int
	// BufferMemory bounds the memory of all buffers per loop. Zero means DefaultBufferMemory.
	BufferMemory int

	// Resolve names the strategy that resolves host names. "evented" asks name servers over the
	// event queue, "pool" asks the system on a few goroutines, "blocking" asks it where the lookup
	// starts. "adaptive", which an empty name means, is evented, except for names that only the
	// system can resolve and while no name server answers: these go to a pool. The hosts file,
	// special names such as localhost, a cache and coalescing surround the strategy. Resolver
	// replaces all of that. The Stack closes it.
	Resolve  string
	Resolver resolve.Strategy
	// NameServers replaces the name servers of the system, for the strategies "adaptive" and
	// "evented", which are the same then: the system cannot ask these servers.
	NameServers []netip.AddrPort
	// HostsPath is the path of the hosts file. An empty path means that of the system.
	HostsPath string
	// HostsFailed is called if the hosts file cannot be read, as resolve.HostsOptions.Failed is.
	// nil logs the error.
	HostsFailed func(error)

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
	// Grace limits the time that Serve waits for its connections after its context is done, before
	// it cancels their tasks. Zero means DefaultGrace.
	Grace time.Duration

	// Logger receives reports for which there is no caller, such as errors of tasks. nil means
	// slog.Default.
	Logger *slog.Logger
}

// OptionError is the error of Open for an option that cannot work.
type OptionError struct {
	Option  string // name of the field of Options
	Value   string
	Err     error  // why it cannot work
	Nearest string // the nearest value that can; empty if there is none
}

func (e *OptionError) Error() string {
	text := fmt.Sprintf("%s %s: %v", e.Option, e.Value, e.Err)
	if e.Nearest != "" {
		text += "; the nearest that works is " + e.Nearest
	}
	return text
}

func (e *OptionError) Unwrap() error { return e.Err }

func loopsError(n int, err error) error {
	return &OptionError{Option: "Loops", Value: strconv.Itoa(n), Err: err}
}

// choice is an option with a few valid names.
type choice struct {
	option string
	names  []string
}

var (
	modes      = choice{"Mode", []string{"edge", "level", "oneshot"}}
	transfers  = choice{"IO", []string{"auto", "readiness", "completion"}}
	schedulers = choice{"Scheduler", []string{"single", "sharded", "shared", "stealing"}}
	resolvers  = choice{"Resolve", []string{"adaptive", "blocking", "evented", "pool"}}
	buffers    = choice{"Buffer", slices.DeleteFunc(bufstrategy.Names(), func(name string) bool { return name == "kernel" })}
)

func (c choice) check(name string) error {
	if !slices.Contains(c.names, name) {
		return &OptionError{Option: c.option, Value: name, Err: fmt.Errorf("unknown; want one of %s", strings.Join(c.names, "|"))}
	}
	return nil
}

// complete checks the options and fills in the defaults.
func (o Options) complete() (Options, error) {
	if o.Loops == 0 {
		o.Loops = min(runtime.GOMAXPROCS(0), MaxLoops)
	}
	if o.Loops < 1 || o.Loops > MaxLoops {
		return o, loopsError(o.Loops, fmt.Errorf("want 0 to %d", MaxLoops))
	}
	setDefault(&o.Queue, "auto")
	setDefault(&o.Mode, "edge")
	setDefault(&o.IO, "auto")
	setDefault(&o.Resolve, "adaptive")
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
	}{{modes, o.Mode}, {transfers, o.IO}, {schedulers, o.Scheduler}, {resolvers, o.Resolve}, {buffers, o.Buffer}} {
		if err := c.choice.check(c.name); err != nil {
			return o, err
		}
	}
	switch {
	case o.Scheduler == "single" && o.Loops != 1:
		return o, &OptionError{Option: "Scheduler", Value: "single", Err: fmt.Errorf("it has one loop, not %d", o.Loops), Nearest: "sharded"}
	case o.Scheduler == "shared" && o.Loops > sched.MaxWorkers:
		return o, loopsError(o.Loops, fmt.Errorf("want at most %d threads of one loop with scheduler shared", sched.MaxWorkers))
	case o.Buffer == "perloop" && concurrent:
		return o, &OptionError{Option: "Buffer", Value: "perloop", Nearest: "chain",
			Err: fmt.Errorf("tasks of one loop, which take turns in one array, would run at the same time with scheduler %s and %d loops", o.Scheduler, o.Loops)}
	case o.MaxConns < 0:
		return o, &OptionError{Option: "MaxConns", Value: strconv.Itoa(o.MaxConns), Err: fmt.Errorf("want at least 1, or 0 for %d", DefaultMaxConns)}
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
