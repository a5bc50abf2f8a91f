package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"text/tabwriter"
	"time"

	"github.com/edgewise-go/edgewise/apps/internal/cli"
	"github.com/edgewise-go/edgewise/apps/internal/strategy"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/sys"
)

const deferUsage = `usage: bench defer [flags]

Many sources become readable, and each needs some work before it is read. A loop works only for its share of a turn.
Handlers that run later in the turn defer their work and leave the data where it is. For each combination it prints how
often the event queue reported each source, which must be once, and how long after readiness the work of a source began.
The exit code is 1 if a source was reported more than once, or never.`

type deferConfig struct {
	sources int
	share   time.Duration // of a turn in which a loop works
	work    time.Duration // per source
}

// deferRow is the result of one combination of strategies.
type deferRow struct {
	flags       strategy.Flags
	least, most int // reports of a source
	turns       int // maximum wait of a source
	p50, p99    time.Duration
}

func deferring(_ context.Context, args []string) error {
	c := deferConfig{}
	s := sweep{modes: allModes, scheds: strings.Join(strategy.Schedulers(), ","), loops: 2}
	fs := flag.NewFlagSet("bench defer", flag.ContinueOnError)
	fs.IntVar(&c.sources, "sources", 1000, "sources that become readable; two descriptors each")
	fs.DurationVar(&c.share, "turn", 10*time.Millisecond, "time for work in a turn, on each loop")
	fs.DurationVar(&c.work, "work", 100*time.Microsecond, "time that the work of a source takes")
	s.register(fs)
	if err := parseWords(fs, args, deferUsage); err != nil {
		return err
	}
	if c.sources < 1 || c.share <= 0 || c.work <= 0 {
		return cli.Usagef("every number must be more than 0")
	}
	all, err := s.all(os.Stdout)
	if err != nil {
		return err
	}
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Printf("defer: %d sources, work of %v each, at most %v per turn\n", c.sources, c.work, c.share)
	fmt.Fprintf(t, "mechanism\tmode\tscheduler\tloops\treports of a source\tturns\tready to work, p50\tp99\t\n")
	var wrong error
	for i, f := range all {
		note("\r%d of %d: %-8s %-8s %-8s", i+1, len(all), f.Queue, f.Mode, f.Sched)
		r, err := c.run(f)
		if err != nil {
			return fmt.Errorf("%s, mode %s, %s: %w", f.Queue, f.Mode, f.Sched, err)
		}
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
	note("\r%-50s\r", "")
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

// deferBench is one run.
type deferBench struct {
	deferConfig
	epoch   time.Time
	list    []*deferSource
	waiting sync.WaitGroup // sources that do not wait yet for becoming readable
}

// deferLoop is the share of a turn that is left on a loop, for all of its threads.
type deferLoop struct {
	loop *sched.Loop

	mu    sync.Mutex // guards the fields below
	spent time.Duration
	turns int
	fresh bool // a function that ends the share of the turn is posted
}

// deferSource is a handler that has work to do before it reads.
type deferSource struct {
	bench *deferBench
	loop  *deferLoop
	h     sys.Handle
	peer  sys.Handle
	ready atomic.Int64  // when it was made readable, in nanoseconds since bench.epoch
	delay time.Duration // until its work began
}

func (c deferConfig) run(f strategy.Flags) (deferRow, error) {
	var counters []*counter
	f.Wrap = func(q queue.Queue) queue.Queue {
		w := &counter{Queue: q, handles: map[queue.Token]sys.Handle{}, reports: map[sys.Handle]int{}}
		counters = append(counters, w)
		return w
	}
	var failed error
	var failing sync.Mutex
	kit, err := f.Open(sched.Options{Ended: func(_ string, err error) {
		failing.Lock()
		defer failing.Unlock()
		failed = errors.Join(failed, err)
	}})
	if err != nil {
		return deferRow{}, err
	}
	b := &deferBench{deferConfig: c, epoch: time.Now()}
	defer b.close()
	if err := b.start(kit); err != nil {
		return deferRow{}, err
	}
	made := make(chan error, 1)
	go func() {
		b.waiting.Wait()
		made <- b.makeReady()
		kit.Scheduler.Drain()
	}()
	if err := errors.Join(kit.Scheduler.Run(context.Background()), <-made, failed); err != nil {
		return deferRow{}, err
	}
	return b.row(f, counters), nil
}

func (b *deferBench) start(kit *strategy.Kit) error {
	var loops []*deferLoop
	for _, p := range kit.Places {
		loops = append(loops, &deferLoop{loop: p.Loop})
	}
	b.waiting.Add(b.deferConfig.sources)
	for i := range b.deferConfig.sources {
		h, peer, err := sys.SocketPair()
		if err != nil {
			return err
		}
		b.list = append(b.list, &deferSource{bench: b, loop: loops[i%len(loops)], h: h, peer: peer})
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

// makeReady makes all sources readable.
func (b *deferBench) makeReady() error {
	one := make([]byte, 1)
	for _, s := range b.list {
		s.ready.Store(int64(time.Since(b.epoch)))
		if _, err := sys.Send(s.peer, one); err != nil {
			return err
		}
	}
	return nil
}

func (b *deferBench) close() {
	for _, s := range b.list {
		_ = sys.Close(s.h)
		_ = sys.Close(s.peer)
	}
}

func (b *deferBench) row(f strategy.Flags, counters []*counter) deferRow {
	r := deferRow{flags: f, least: int(^uint(0) >> 1)}
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
	slices.Sort(delays)
	r.p50, r.p99 = delays[len(delays)/2], delays[len(delays)*99/100]
	return r
}

// Step works and then reads if the turn has time left. Otherwise it defers both.
func (s *deferSource) Step(_ sched.HandlerTask, cause sched.Cause) sched.Next {
	switch cause {
	case sched.Started:
		s.bench.waiting.Done()
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
func (s *deferSource) End(error) {}

// begin reports whether this turn has time left. The function that it posts runs in the next turn
// and starts a new share.
func (l *deferLoop) begin(share time.Duration) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.fresh {
		l.fresh = l.loop.Post(l.renew) == nil
		l.turns++
	}
	return l.spent < share
}

func (l *deferLoop) renew() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.spent, l.fresh = 0, false
}

func (l *deferLoop) spend(work time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.spent += work
}
