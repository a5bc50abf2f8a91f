// Package strategy gives every program the same flags to choose strategies, and makes the chosen
// ones.
package strategy

import (
	"flag"
	"runtime"
	"slices"
	"strings"

	"github.com/edgewise-go/edgewise/apps/internal/cli"
	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/bufstrategy/memory"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sched"
)

// Flags are the requested strategies.
type Flags struct {
	Queue   string
	Mode    string
	Buffer  string
	Resolve string
	Sched   string
	Task    string
	Loops   int // with Sched "shared", the workers of the one loop

	HostsPath   string      // of the hosts file; the system's when empty
	HostsFailed func(error) // called if the hosts file cannot be read, as in resolve.HostsOptions
}

// Schedulers returns the values of -sched.
func Schedulers() []string {
	_, _, _, c, _ := choices()
	return c.known
}

// MaxLoops bounds -loops.
const MaxLoops = sched.MaxShards

// choice is a flag with a few valid words.
type choice struct {
	flag  string
	known []string
}

func (c choice) check(value string) error {
	if !slices.Contains(c.known, value) {
		return cli.Usagef("-%s %s: unknown; want one of %s", c.flag, value, strings.Join(c.known, "|"))
	}
	return nil
}

func choices() (mode, buffer, resolver, scheduler, task choice) {
	mode = choice{flag: "mode", known: []string{"edge", "level", "oneshot"}}
	buffer = choice{flag: "buffer", known: []string{"fixed", "grow", "ring", "mirrored", "chain", "adaptive", "perloop"}}
	resolver = choice{flag: "resolve", known: []string{"blocking", "pool"}}
	scheduler = choice{flag: "sched", known: []string{"single", "sharded", "shared", "stealing"}}
	task = choice{flag: "task", known: []string{"coroutine", "handler"}}
	return mode, buffer, resolver, scheduler, task
}

// Which selects optional flags.
type Which uint8

// The flags that only some programs take.
const (
	WithBuffer Which = 1 << iota
	WithResolve
	WithTask
)

// Register adds the flags to fs, with their defaults.
func (f *Flags) Register(fs *flag.FlagSet, which Which) {
	f.Resolve, f.Task = "pool", "coroutine"
	fs.StringVar(&f.Queue, "queue", "auto", "event queue: auto|epoll|iouring|poll|kqueue|iocp")
	fs.StringVar(&f.Mode, "mode", "edge", "mode of the event queue: edge|level|oneshot")
	fs.StringVar(&f.Sched, "sched", "", "scheduler: single|sharded|shared|stealing (default single for one loop, otherwise sharded)")
	fs.IntVar(&f.Loops, "loops", 1, "event loops, one thread per loop; with -sched shared, threads of the one loop; 0 for one per processor")
	if which&WithBuffer != 0 {
		fs.StringVar(&f.Buffer, "buffer", f.Buffer, "buffer strategy: fixed|grow|ring|mirrored|chain|adaptive|perloop (default perloop, or chain if connections of a loop can run at the same time)")
	}
	if which&WithResolve != 0 {
		fs.StringVar(&f.Resolve, "resolve", f.Resolve, "resolver strategy: blocking|pool")
	}
	if which&WithTask != 0 {
		fs.StringVar(&f.Task, "task", f.Task, "form of the tasks: coroutine|handler")
	}
}

// mode returns the mode of the event queue. The flags have been checked.
func (f *Flags) mode() queue.Mode {
	return map[string]queue.Mode{"edge": queue.Edge, "level": queue.Level, "oneshot": queue.OneShot}[f.Mode]
}

// Check returns the usage error that Open would return for f, without opening anything.
func (f Flags) Check() error { return f.check() }

// check refuses values that are unknown or that conflict. It fills in the values left open.
func (f *Flags) check() error {
	if f.Loops == 0 {
		f.Loops = runtime.GOMAXPROCS(0)
	}
	if f.Loops < 1 || f.Loops > MaxLoops {
		return cli.Usagef("-loops %d: want 0 to %d", f.Loops, MaxLoops)
	}
	if f.Sched == "" {
		f.Sched = "single"
		if f.Loops > 1 {
			f.Sched = "sharded"
		}
	}
	if f.Buffer == "" {
		f.Buffer = "perloop"
		if f.concurrent() {
			f.Buffer = nearestConcurrent
		}
	}
	mode, buffer, resolver, scheduler, task := choices()
	for _, c := range []struct {
		choice choice
		value  string
	}{{mode, f.Mode}, {buffer, f.Buffer}, {resolver, f.Resolve}, {scheduler, f.Sched}, {task, f.Task}} {
		if err := c.choice.check(c.value); err != nil {
			return err
		}
	}
	if f.Sched == "single" && f.Loops != 1 {
		return cli.Usagef("-sched single -loops %d: single has one loop; the nearest that works is -sched sharded", f.Loops)
	}
	if f.Sched == "shared" && f.Loops > sched.MaxWorkers {
		return cli.Usagef("-sched shared -loops %d: want at most %d threads of one loop", f.Loops, sched.MaxWorkers)
	}
	if f.Buffer == "perloop" && f.concurrent() {
		return cli.Usagef("-buffer perloop -sched %s -loops %d: connections that take turns in one array would run at the same time; the nearest that works is -buffer %s",
			f.Sched, f.Loops, nearestConcurrent)
	}
	return nil
}

// concurrent reports whether connections of one loop can run at the same time. The flags have been
// filled in.
func (f *Flags) concurrent() bool {
	return f.Loops > 1 && (f.Sched == "shared" || f.Sched == "stealing")
}

// nearestConcurrent is the buffer strategy nearest to perloop whose buffers can be used at the same
// time. An empty buffer holds no memory in either strategy.
const nearestConcurrent = "chain"

// bufferSizes fits every strategy. Bulk transfers are fastest with tens of kilobytes, and an idle
// connection should hold no buffer memory.
const (
	scratchBytes  = 64 << 10
	bufferLimit   = 64 << 10
	poolBytesMax  = 256 << 20
	poolBytesKept = 4 << 20
)

// Buffers makes the buffers of one loop. New is safe for concurrent use. The buffer that it returns
// belongs to one connection.
type Buffers struct {
	name    string
	options bufstrategy.Options
}

func (f *Flags) buffers() (*Buffers, error) {
	pool, err := memory.NewPool(poolBytesMax, poolBytesKept)
	if err != nil {
		return nil, err
	}
	scratch, err := bufstrategy.NewScratch(scratchBytes, pool)
	if err != nil {
		return nil, err
	}
	b := &Buffers{name: f.Buffer, options: bufstrategy.Options{Limit: bufferLimit, Pool: pool, Scratch: scratch}}
	if !f.concurrent() {
		b.options.Predictor = &bufstrategy.Predictor{}
	}
	return b, nil
}

// New makes a buffer for a connection.
func (b *Buffers) New() (bufstrategy.Buffer, error) { return bufstrategy.ByName(b.name, b.options) }
