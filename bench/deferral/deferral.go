// Package deferral checks that deferred work is reported once, and measures how long it waits for
// its turn.
package deferral

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/edgewise-go/edgewise/bench/internal/cli"
	"github.com/edgewise-go/edgewise/bench/internal/report"
	"github.com/edgewise-go/edgewise/bench/internal/stats"
	"github.com/edgewise-go/edgewise/bench/internal/strategy"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/sys"
)

const long = `Many sources become readable, and each needs some work before it is read. A loop works only for its share of a turn.
Handlers that run later in the turn defer their work and leave the data where it is. For each combination it prints how
often the event queue reported each source, which must be once, and how long after readiness the work of a source began.
The exit code is 1 if a source was reported more than once, or never.`

type config struct {
	sources int
	share   time.Duration // of a turn in which a loop works
	work    time.Duration // per source
	sweep   strategy.Sweep
}

// Command returns the command.
func Command() *cobra.Command {
	c := &config{sweep: strategy.Sweep{Modes: strategy.ModeNames(), Scheds: strategy.Schedulers(), Loops: 2}}
	cmd := cli.Measure("defer", "Check that sources with deferred work are reported once, and measure how long they wait", long, c.measure)
	f := cmd.Flags()
	f.IntVar(&c.sources, "sources", 1000, "sources that become readable; two descriptors each")
	f.DurationVar(&c.share, "turn", 10*time.Millisecond, "time for work in a turn, on each loop")
	f.DurationVar(&c.work, "work", 100*time.Microsecond, "time that the work of a source takes")
	c.sweep.Register(f)
	cli.Positive(cmd, "sources", "turn", "work")
	return cmd
}

// row is the result of one combination of strategies.
type row struct {
	least, most int // reports of a source
	turns       int // maximum wait of a source
	p50, p99    time.Duration
}

func (c *config) measure(_ context.Context, out io.Writer) error {
	all, err := c.sweep.All(out)
	if err != nil {
		return err
	}
	progress := report.NewProgress(len(all))
	defer progress.End()
	t := report.NewTable(out)
	fmt.Fprintf(out, "defer: %d sources, work of %v each, at most %v per turn\n", c.sources, c.work, c.share)
	fmt.Fprintf(t, "mechanism\tmode\tscheduler\tloops\treports of a source\tturns\tready to work, p50\tp99\t\n")
	var wrong error
	for _, f := range all {
		progress.Begin("%v", f)
		r, err := c.run(f)
		if err != nil {
			return fmt.Errorf("%v: %w", f, err)
		}
		progress.Done()
		reports := fmt.Sprint(r.least)
		if r.least != r.most {
			reports = fmt.Sprintf("%d to %d", r.least, r.most)
		}
		if r.least != 1 || r.most != 1 {
			wrong = errors.New("a source was not reported exactly once")
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%s\t%d\t%v\t%v\t\n", f.Queue, f.Mode, f.Sched, f.Loops, reports, r.turns,
			r.p50.Round(time.Microsecond), r.p99.Round(time.Microsecond))
	}
	progress.End()
	return errors.Join(t.Flush(), wrong)
}

// counter counts, by source, the reports of a queue that a source is readable.
type counter struct {
	queue.Queue
	mu      sync.Mutex
	handles map[queue.Token]sys.Handle
	reports map[sys.Handle]int
}

func (c *counter) Add(h sys.Handle, r queue.Registration) error {
	c.mu.Lock()
	c.handles[r.Token] = h
	c.mu.Unlock()
	return c.Queue.Add(h, r)
}

func (c *counter) Wait(events []queue.Event, timeout time.Duration) (int, error) {
	n, err := c.Queue.Wait(events, timeout)
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range events[:n] {
		if e.Ready.Directions()&queue.Readable != 0 {
			c.reports[c.handles[e.Token]]++
		}
	}
	return n, err
}

// run is the measurement of one combination.
type run struct {
	config
	epoch time.Time
	list  []*source
	left  atomic.Int64  // sources that have not ended
	over  chan struct{} // closed when no source is left
}

// loop is the share of a turn that is left on a loop, for all of its threads.
type loop struct {
	loop *sched.Loop

	mu    sync.Mutex // guards the fields below
	spent time.Duration
	turns int
	fresh bool // a function that ends the share of the turn is posted
}

// source is a handler that has work to do before it reads.
type source struct {
	bench *run
	loop  *loop
	h     sys.Handle
	peer  sys.Handle
	ready atomic.Int64  // when it was made readable, in nanoseconds since bench.epoch
	delay time.Duration // until its work began
}

func (c *config) run(f strategy.Choice) (row, error) {
	var counters []*counter
	wrap := func(q queue.Queue) queue.Queue {
		w := &counter{Queue: q, handles: map[queue.Token]sys.Handle{}, reports: map[sys.Handle]int{}}
		counters = append(counters, w)
		return w
	}
	var failed error
	var failing sync.Mutex
	scheduler, err := f.Open(sched.Options{Metrics: true, Ended: func(_ string, err error) {
		failing.Lock()
		defer failing.Unlock()
		failed = errors.Join(failed, err)
	}}, wrap)
	if err != nil {
		return row{}, err
	}
	b := &run{config: *c, epoch: time.Now(), over: make(chan struct{})}
	b.left.Store(int64(c.sources))
	defer b.close()
	if err := b.start(scheduler.Loops()); err != nil {
		return row{}, err
	}
	made, ended := make(chan error, 1), make(chan struct{})
	go func() {
		var err error
		if b.awaitStart(scheduler.Loops(), ended) {
			err = b.makeReady()
		}
		// A drain steps handlers whose event may be under way, which has the same effect.
		select {
		case <-b.over:
		case <-ended:
		}
		made <- err
		scheduler.Drain()
	}()
	err = scheduler.Run(context.Background())
	close(ended)
	if err := errors.Join(err, <-made, failed); err != nil {
		return row{}, err
	}
	return b.row(counters), nil
}

func (b *run) start(all []*sched.Loop) error {
	var loops []*loop
	for _, l := range all {
		loops = append(loops, &loop{loop: l})
	}
	for i := range b.sources {
		h, peer, err := sys.SocketPair()
		if err != nil {
			return err
		}
		b.list = append(b.list, &source{bench: b, loop: loops[i%len(loops)], h: h, peer: peer})
	}
	for i, l := range loops {
		err := l.loop.Post(func() {
			for j := i; j < len(b.list); j += len(loops) {
				if _, err := l.loop.StartHandler(b.list[j].h, b.list[j]); err != nil {
					panic(err) // reported as an error of the run
				}
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// awaitStart waits until all sources wait, and reports false if the run ends before. A handler
// waits only after its step has returned: a source that becomes readable between the two may be
// reported twice in emulated edge mode.
func (b *run) awaitStart(loops []*sched.Loop, ended <-chan struct{}) bool {
	for {
		turns := uint64(0)
		for _, l := range loops {
			turns += l.Metrics().Turns
		}
		if turns >= uint64(b.sources) {
			return true
		}
		select {
		case <-ended:
			return false
		case <-time.After(time.Millisecond):
		}
	}
}

// makeReady makes all sources readable.
func (b *run) makeReady() error {
	one := make([]byte, 1)
	for _, s := range b.list {
		s.ready.Store(int64(time.Since(b.epoch)))
		if _, err := sys.Send(s.peer, one); err != nil {
			return err
		}
	}
	return nil
}

func (b *run) close() {
	for _, s := range b.list {
		_ = sys.Close(s.h)
		_ = sys.Close(s.peer)
	}
}

func (b *run) row(counters []*counter) row {
	r := row{least: int(^uint(0) >> 1)}
	var delays []time.Duration
	for _, s := range b.list {
		reports := 0
		for _, c := range counters {
			reports += c.reports[s.h]
		}
		r.least, r.most = min(r.least, reports), max(r.most, reports)
		r.turns = max(r.turns, s.loop.turns)
		delays = append(delays, s.delay)
	}
	r.p50, r.p99 = stats.P50P99(delays)
	return r
}

// Step works and then reads if the turn has time left. Otherwise it defers both.
func (s *source) Step(_ sched.HandlerTask, cause sched.Cause) sched.Next {
	switch cause {
	case sched.Started:
		return sched.WaitFor(queue.Readable)
	case sched.Draining:
		return sched.WaitFor(queue.Readable)
	}
	began := time.Now()
	if !s.loop.begin(s.bench.share) {
		return sched.Again()
	}
	s.delay = began.Sub(s.bench.epoch) - time.Duration(s.ready.Load())
	for time.Since(began) < s.bench.work {
	}
	s.loop.spend(time.Since(began))
	_, err := sys.Recv(s.h, make([]byte, 1))
	return sched.Done(err)
}

// End leaves the handle open: its number must not be used again in this run.
func (s *source) End(error) {
	if s.bench.left.Add(-1) == 0 {
		close(s.bench.over)
	}
}

// begin reports whether this turn has time left. The function that it posts runs in the next turn
// and starts a new share.
func (l *loop) begin(share time.Duration) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.fresh {
		l.fresh = l.loop.Post(l.renew) == nil
		l.turns++
	}
	return l.spent < share
}

func (l *loop) renew() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.spent, l.fresh = 0, false
}

func (l *loop) spend(work time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.spent += work
}
