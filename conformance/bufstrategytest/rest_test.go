package bufstrategytest

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/bits"
	"strings"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/auto"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

var (
	volume    = flag.Int("volume", 256<<10, "bytes that TestTheRestOnEveryLoop sends per case and buffer size")
	bulk      = flag.Int("bulk", 0, "bytes that TestTheRestInBulk sends per case and buffer size (default 1 MiB, or 4 MiB with -suite.full)")
	mechanism = flag.String("mechanism", "", "run these tests only on this mechanism")
)

// onSockets is target with sockets.
func onSockets(target Target) Target {
	target.Features = append([]Feature{Sockets}, target.Features...)
	return target
}

// form is a way to serve a connection on a loop. The other tests, which wait without a loop, cover
// goroutines.
type form struct {
	name  string
	serve func(l *sched.Loop) func(t T, s stream.Socket, d sys.Direction, step func(Conn) Next) error
}

func servedByCoroutine(l *sched.Loop) func(T, stream.Socket, sys.Direction, func(Conn) Next) error {
	return func(t T, s stream.Socket, d sys.Direction, step func(Conn) Next) error {
		return l.Call(t.Context(), "served", func(task *sched.Task) error {
			return ServeConn(t, l.Waiter(), task.Yield, s, d, step)
		})
	}
}

func servedByHandler(l *sched.Loop) func(T, stream.Socket, sys.Direction, func(Conn) Next) error {
	return servedThrough(l, func(m moved) Conn { return m })
}

// servedThrough serves by handlers. If l moves the bytes, their connections are what wrap returns.
func servedThrough(l *sched.Loop, wrap func(moved) Conn) func(T, stream.Socket, sys.Direction, func(Conn) Next) error {
	return func(t T, s stream.Socket, d sys.Direction, step func(Conn) Next) error {
		h := &handler{sock: s, until: queue.InterestOf(d), step: step, wrap: wrap, ended: make(chan error, 1)}
		h.close = h.sock.Close
		err := l.Call(t.Context(), "begin", func(*sched.Task) error {
			_, err := l.StartHandler(h.sock.Handle(), h)
			return err
		})
		if err != nil {
			h.sock.Close()
			return err
		}
		return <-h.ended
	}
}

// handler serves a socket without a stack.
type handler struct {
	sock  stream.Socket
	until queue.Interest
	step  func(Conn) Next
	wrap  func(moved) Conn
	conn  Conn
	close func() error
	ended chan error
}

// readied is the connection of a handler whose loop reports readiness.
type readied struct {
	*stream.Socket
	task sched.HandlerTask
}

func (c readied) ShortReadDrains() bool { return c.MayDrainShort() && c.task.ShortReadDrains() }

// moved is the connection of a handler whose loop moves the bytes.
type moved struct{ sched.Transfer }

func (c moved) ShortReadDrains() bool { return c.Drained() }

// begin makes the connection. The Transfer of a loop that moves the bytes owns the handle.
func (h *handler) begin(t sched.HandlerTask) error {
	h.conn = readied{&h.sock, t}
	move := t.Transfer()
	if move == nil {
		return nil
	}
	if _, err := h.sock.Release(); err != nil {
		return err
	}
	h.conn, h.close = h.wrap(moved{move}), func() error { move.Close(); return nil }
	return nil
}

func (h *handler) Step(t sched.HandlerTask, cause sched.Cause) sched.Next {
	if cause == sched.Started {
		if err := h.begin(t); err != nil {
			return sched.Done(err)
		}
	}
	switch h.step(h.conn) {
	case Over:
		return sched.Done(nil)
	case Blocked:
		return sched.WaitFor(h.until)
	}
	return sched.Again()
}

func (h *handler) End(err error) {
	h.close()
	h.ended <- err
}

// completing is the suffix of a mechanism whose operations move the bytes of connections.
const completing = "+completion"

// ways are the suffixes of mechanisms: readiness and operations.
var ways = []string{"", completing}

// openLoop opens a loop over the mechanism, which may have a suffix of ways.
func openLoop(mechanism string, o sched.Options) (*sched.Loop, error) {
	open := auto.ByName
	if base, ok := strings.CutSuffix(mechanism, completing); ok {
		mechanism, o.Completions = base, true
		open = func(name string) (queue.Queue, error) { return auto.Completer(name, true) }
	}
	q, err := open(mechanism)
	if err != nil {
		return nil, err
	}
	return sched.New(q, o), nil
}

// onLoop is target served on a loop over the mechanism and in the mode.
func onLoop(target Target, mechanism string, mode queue.Mode, by form, volume int) Target {
	open := target.Open
	target = onSockets(target)
	target.Name = fmt.Sprintf("%s/%v/%s/%s", mechanism, mode, target.Name, by.name)
	target.Open = func(t T) (*Fixture, error) {
		f, err := open(t)
		if err != nil {
			return nil, err
		}
		loop, err := openLoop(mechanism, sched.Options{Mode: mode})
		if err != nil {
			return nil, err
		}
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- loop.Run(ctx) }()
		t.OnHang(cancel)
		t.Cleanup(func() {
			cancel()
			<-ended // ignored: the cases check what was served
		})
		f.Serve, f.Volume = by.serve(loop), volume
		return f, nil
	}
	return target
}

// mechanisms are those that the system has and permits.
func mechanisms(t *testing.T) []string {
	var all []string
	for _, name := range auto.Names()[1:] {
		if *mechanism != "" && name != *mechanism {
			continue
		}
		q, err := auto.ByName(name)
		switch {
		case err == nil:
			q.Close()
			all = append(all, name)
		case !errors.Is(err, errors.ErrUnsupported):
			t.Logf("%s is left out: %v", name, err)
		}
	}
	return all
}

// everyStrategy returns a target per strategy that New makes by name, and per strategy that shares
// memory through a pool.
func everyStrategy() []Target {
	targets := []Target{pooled(512)}
	for _, name := range bufstrategy.Names() {
		if name == "perloop" {
			targets = append(targets, sharedTarget())
		} else {
			targets = append(targets, byName(name))
		}
	}
	return targets
}

// restCell is a strategy and a way to serve it.
type restCell struct {
	target    Target
	mechanism string
	mode      queue.Mode
	by        form
}

// restCells returns every pair of a strategy, a mechanism, a mode, a form of task and a way to move
// bytes, or the whole product.
func restCells(over []string) []restCell {
	strategies := everyStrategy()
	modes := []queue.Mode{queue.Level, queue.Edge, queue.OneShot}
	forms := []form{{"handler", servedByHandler}, {"coroutine", servedByCoroutine}}
	var cells []restCell
	for _, c := range suite.Combinations(len(strategies), len(over), len(modes), len(forms), len(ways)) {
		cells = append(cells, restCell{strategies[c[0]], over[c[1]] + ways[c[4]], modes[c[2]], forms[c[3]]})
	}
	return cells
}

// runRest runs the cases about sockets in every cell.
func runRest(t *testing.T, cells []restCell, volume int) {
	began := time.Now()
	t.Run("all", func(t *testing.T) {
		for _, c := range cells {
			target := onLoop(c.target, c.mechanism, c.mode, c.by, volume)
			t.Run(target.Name, func(t *testing.T) {
				t.Parallel() // they also wait for the kernel
				checkRest(t, target)
			})
		}
	})
	t.Logf("%d combinations, each with %d bytes read and written through %v, in %v",
		len(cells), volume, restLimits, time.Since(began).Round(time.Second))
}

func checkRest(t *testing.T, target Target) {
	for _, v := range suite.Violations(suite.Check(t.Context(), restCases(), target)) {
		t.Errorf("%v", v)
	}
}

// TestTheRestOnEveryLoop covers every strategy and buffer size, over every mechanism, in every
// mode. To send 64 MiB through each combination, run: -volume=67108864 -suite.full
// -suite.patience=5m -timeout=1h.
func TestTheRestOnEveryLoop(t *testing.T) { runRest(t, restCells(mechanisms(t)), *volume) }

// TestTheRestInBulk sends more through every strategy once, over the default mechanism. The ways to
// move bytes take turns.
func TestTheRestInBulk(t *testing.T) {
	over := mechanisms(t)
	if len(over) == 0 {
		return
	}
	var cells []restCell
	seen := map[string]bool{}
	for _, c := range restCells(over[:1]) {
		if suite.Full() || !seen[c.target.Name] {
			seen[c.target.Name] = true
			cells = append(cells, c)
		}
	}
	runRest(t, cells, cmp.Or(*bulk, suite.Extent(1<<20, 4<<20)))
}

// powerOfTwo rounds n, which is positive, up.
func powerOfTwo(n int) int { return 1 << bits.Len(uint(n-1)) }
