package queuetest

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// ReuseLoad is the size of a run of [Reuse].
type ReuseLoad struct {
	Waiters int // goroutines in Wait
	Owners  int // goroutines that open and close
	Cycles  int // of every owner
	// Patience is how long an owner waits for the event of a handle before it counts as lost. That
	// of the suite when zero.
	Patience time.Duration
}

// ReuseReport is what came of a run of [Reuse].
type ReuseReport struct {
	Cycles  int64
	Reused  int64 // cycles whose handle had the number of an earlier one of the same owner
	Stale   int64 // events of a registration that a Delete had ended before their Wait began
	Lost    int64 // registrations that were ready and not reported; the first ends the run
	Elapsed time.Duration
}

// String puts the numbers into one line.
func (r ReuseReport) String() string {
	return fmt.Sprintf("%d cycles, %d with a number used before, %d stale, %d lost", r.Cycles, r.Reused, r.Stale, r.Lost)
}

// generationBits is how much of a token counts the cycles; the rest is the owner.
const generationBits = 40

// Reuse has owners that open a handle, register it under a token of its own, make it ready, await
// its event, end the registration and close the handle, whose number the system then gives again.
// Every mode takes its turn. Waiters compare the token of each event with what had ended before
// their Wait began.
//
// It owns q meanwhile. The error is that of a call which failed.
func Reuse(q queue.Queue, load ReuseLoad) (ReuseReport, error) {
	if load.Patience == 0 {
		load.Patience = suite.Patience()
	}
	r := &reuseRun{q: q, load: load, owners: make([]reuseOwner, load.Owners)}
	begin := time.Now()
	var waiters, owners sync.WaitGroup
	for range load.Waiters {
		waiters.Go(r.wait)
	}
	for i := range r.owners {
		r.owners[i].reported = make(chan struct{}, 1)
		owners.Go(func() { r.own(i) })
	}
	owners.Wait()
	r.over.Store(true)
	waiters.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	return ReuseReport{
		Cycles: r.cycles.Load(), Reused: r.reused.Load(), Stale: r.stale.Load(), Lost: r.lost.Load(), Elapsed: time.Since(begin),
	}, r.err
}

type reuseOwner struct {
	gone     atomic.Int64  // the generations up to this one have ended
	latest   atomic.Int64  // the latest generation of an event
	reported chan struct{} // holds a token if latest may have changed
}

type reuseRun struct {
	q      queue.Queue
	load   ReuseLoad
	owners []reuseOwner
	over   atomic.Bool

	cycles, reused, stale, lost atomic.Int64

	mu  sync.Mutex
	err error // guarded by mu; the first
}

func (r *reuseRun) fail(what string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		r.err = fmt.Errorf("%s: %w", what, err)
	}
	r.over.Store(true)
}

func (r *reuseRun) own(owner int) {
	seen := map[sys.Handle]bool{}
	for generation := int64(1); generation <= int64(r.load.Cycles) && !r.over.Load(); generation++ {
		a, b, err := sys.SocketPair()
		if err != nil {
			r.fail("socket pair", err)
			return
		}
		if seen[a] {
			r.reused.Add(1)
		}
		seen[a] = true
		err = r.cycle(owner, generation, a, b)
		_, _ = sys.Close(a), sys.Close(b)
		if err != nil {
			r.fail("cycle", err)
			return
		}
		r.cycles.Add(1)
	}
}

// cycle registers a, awaits its event and ends the registration.
func (r *reuseRun) cycle(owner int, generation int64, a, b sys.Handle) error {
	o := &r.owners[owner]
	token := queue.Token(owner)<<generationBits | queue.Token(generation)
	if err := r.q.Add(a, registration(token, queue.Readable, modes[generation%int64(len(modes))])); err != nil {
		return err
	}
	if _, err := sys.Write(b, []byte{1}); err != nil {
		return err
	}
	timer := time.NewTimer(r.load.Patience)
	defer timer.Stop()
	for waiting := true; waiting && o.latest.Load() < generation; {
		select {
		case <-o.reported:
		case <-timer.C:
			r.lost.Add(1)
			r.over.Store(true)
			waiting = false
		}
	}
	if err := r.q.Delete(a); err != nil {
		return err
	}
	o.gone.Store(generation)
	return nil
}

func (r *reuseRun) wait() {
	events := make([]queue.Event, 8)
	gone := make([]int64, len(r.owners))
	for !r.over.Load() {
		for i := range gone {
			gone[i] = r.owners[i].gone.Load()
		}
		n, err := r.q.Wait(events, waiterTimeout)
		if err != nil {
			r.fail("wait", err)
			return
		}
		for _, e := range events[:n] {
			owner, generation := int(e.Token>>generationBits), int64(e.Token&(1<<generationBits-1))
			if owner >= len(gone) {
				r.fail("event", fmt.Errorf("token %#x is none of a registration", uint64(e.Token)))
				return
			}
			if generation <= gone[owner] {
				r.stale.Add(1)
			}
			r.owners[owner].report(generation)
		}
		runtime.Gosched() // a level is ready at once, and owners have work, too
	}
}

func (o *reuseOwner) report(generation int64) {
	for latest := o.latest.Load(); latest < generation; latest = o.latest.Load() {
		if o.latest.CompareAndSwap(latest, generation) {
			break
		}
	}
	select {
	case o.reported <- struct{}{}:
	default: // the owner has not looked since the last
	}
}
