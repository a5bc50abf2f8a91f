//go:build linux

package interrupt

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/netip"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/edgewise-go/edgewise/bench/internal/strategy"
	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/bufstrategy/memory"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

// Kind is a kind of interference.
type Kind string

// The kinds.
const (
	Storm    Kind = "storm"  // a signal to every thread, a thousand times per second
	Tiny     Kind = "tiny"   // the smallest socket buffers that the kernel offers
	Proxy    Kind = "proxy"  // a proxy that splits, delays and resets
	Injected Kind = "inject" // strace, outside this process, makes system calls fail
)

// Kinds returns all kinds.
func Kinds() []Kind { return []Kind{Storm, Tiny, Proxy, Injected} }

// patience bounds a transfer: a longer one counts as hung. No machine needs so long.
const patience = time.Minute

// Options configures a run.
type Options struct {
	Kind      Kind
	Transfers int
	Flight    int           // transfers at the same time
	MaxBytes  int           // of a transfer, each way
	Errno     syscall.Errno // injected by strace, for kind Injected
	Seed      uint64
	Choice    strategy.Choice // the scheduler and the number of loops are those of Run
}

// Result is the outcome of a run.
type Result struct {
	Ended        map[string]int `json:"ended"`      // transfers, by outcome: whole, or the name of a permitted error
	Bytes        int64          `json:"bytes"`      // verified, one way
	Faults       int64          `json:"faults"`     // signals sent, connections reset by the proxy
	Violations   []string       `json:"violations"` // what must not happen; at most violationsMax
	Milliseconds int64          `json:"milliseconds"`
}

// world is a run in progress.
type world struct {
	config Options
	client *sched.Loop
	server *sched.Loop
	pool   *memory.Pool // of the server's buffers
	sched  sched.Scheduler
	target netip.AddrPort // address to which clients connect
	ledger *ledger
	next   atomic.Int64
}

// Run makes the transfers. An error means that it could not. The result contains what went wrong
// with transfers.
func Run(c Options) (Result, error) {
	began := time.Now()
	before, err := takeStock()
	if err != nil {
		return Result{}, err
	}
	w := &world{config: c}
	w.ledger = newLedger(c, func() { w.sched.Drain() })
	if err := w.run(); err != nil {
		return Result{}, err
	}
	w.ledger.violations = append(w.ledger.violations, before.leaks()...)
	r := w.ledger.result()
	r.Milliseconds = time.Since(began).Milliseconds()
	return r, nil
}

func (w *world) run() error {
	choice := w.config.Choice
	choice.Sched, choice.Loops = "sharded", 2
	var err error
	if w.sched, err = choice.Open(sched.Options{Ended: w.ledger.taskEnded}, nil); err != nil {
		return err
	}
	w.server, w.client = w.sched.Loops()[0], w.sched.Loops()[1]
	if w.pool, err = memory.NewPool(poolBytesMax, poolBytesMax); err != nil {
		return err
	}
	listener, err := w.listen()
	if err != nil {
		return err
	}
	w.target = listener.AddrPort()
	end := func() {}
	switch w.config.Kind {
	case Storm:
		end = startStorm(&w.ledger.faults)
	case Proxy:
		p, err := startProxy(w.config, w.target, &w.ledger.faults)
		if err != nil {
			return err
		}
		w.target, end = p.addr, p.close
	}
	defer end()
	if err := w.start(listener); err != nil {
		return err
	}
	if err := w.sched.Run(context.Background()); err != nil {
		w.ledger.violate("the scheduler ended with: %v", err)
	}
	for _, l := range w.sched.Loops() {
		if n := l.Len(); n != 0 {
			w.ledger.violate("%d tasks are left on a loop that has ended", n)
		}
	}
	return nil
}

// Limits of the server's buffers.
const (
	bufferLimit  = 64 << 10
	poolBytesMax = 256 << 20
)

// buffer makes a buffer for a connection of the server.
func (w *world) buffer() (bufstrategy.Buffer, error) {
	return bufstrategy.ByName("ring", bufstrategy.Options{Limit: bufferLimit, Pool: w.pool})
}

func (w *world) listen() (*stream.Listener, error) {
	l, err := stream.Listen(w.server.Waiter(), netip.MustParseAddrPort("127.0.0.1:0"), stream.ListenOptions{})
	if err != nil || w.config.Kind != Tiny {
		return l, err
	}
	// Accepted connections inherit the sizes, and the peer learns the window from the first
	// segment.
	raw, err := l.SyscallConn()
	if err != nil {
		return nil, err
	}
	var set error
	err = raw.Control(func(fd uintptr) {
		set = errors.Join(sys.SetReadBuffer(sys.Handle(fd), 1), sys.SetWriteBuffer(sys.Handle(fd), 1))
	})
	return l, errors.Join(err, set)
}

// start starts the loops: one accepts, the other makes transfers.
func (w *world) start(l *stream.Listener) error {
	err := w.server.Go(context.Background(), acceptTask, func(t *sched.Task) error { return w.accept(t, l) })
	if err != nil {
		return err
	}
	for range min(w.config.Flight, w.config.Transfers) {
		if w.config.Choice.Task == strategy.Handler {
			err = w.client.Post(w.launch)
		} else {
			err = w.client.Go(context.Background(), clientTask, w.work)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// take returns the number of the next transfer, and false if there are no more.
func (w *world) take() (int, bool) {
	i := int(w.next.Add(1)) - 1
	return i, i < w.config.Transfers
}

// plan describes a transfer. It follows from the seed and the number of the transfer.
type plan struct {
	bytes    int
	chunk    int  // maximum bytes of a write or a read
	vectored bool // in several segments
	random   *rand.ChaCha8
}

// writesMax bounds the writes of a transfer, so that a long one does not consist of single bytes.
const writesMax = 64

// segments is the number of segments of a vectored call.
const segments = 3

func (c Options) plan(i int) plan {
	var seed [32]byte
	copy(seed[:], fmt.Sprintf("%x %x", c.Seed, i))
	p := plan{random: rand.NewChaCha8(seed)}
	r := rand.New(p.random)
	// All orders of magnitude equally often, and sometimes nothing: faults occur at the edges.
	if r.IntN(16) > 0 {
		p.bytes = int(math.Exp(r.Float64() * math.Log(float64(c.MaxBytes))))
	}
	p.chunk = max(segments, p.bytes/writesMax, 1<<r.IntN(16))
	p.vectored = r.IntN(2) == 0
	return p
}
