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
	Owners  int // goroutines that open and close handles
	Cycles  int // per owner
	// Patience is how long an owner waits for the event of a handle before the event counts as
	// lost. Zero means the patience of the suite.
	Patience time.Duration
}

// ReuseReport is the result of a run of [Reuse].
type ReuseReport struct {
	Cycles  int64
	Reused  int64 // cycles whose handle reused the number of an earlier handle of the same owner
	Stale   int64 // events of a registration that Delete had ended before their Wait began
	Lost    int64 // ready registrations that were not reported; the first one ends the run
	Elapsed time.Duration
}

// String formats the numbers on one line.
func (r ReuseReport) String() string {
	return fmt.Sprintf("%d cycles, %d with a reused number, %d stale, %d lost", r.Cycles, r.Reused, r.Stale, r.Lost)
}

// generationBits is how many bits of a token count the cycles. The others hold the owner.
const generationBits = 40

// Reuse runs owners in cycles. In each cycle an owner opens a handle, registers it under a new
// token and makes it ready. It awaits the event, ends the registration and closes the handle. The
// system then reuses the number of the handle. The modes take turns. Waiters compare the token of
// each event with the generation that had ended before their Wait began.
//
// Reuse owns q while it runs. It returns the error of the first call that fails.
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
	reported chan struct{} // receives a value when latest may have changed
}

type reuseRun struct {
	q      queue.Queue
	load   ReuseLoad
	owners []reuseOwner
	over   atomic.Bool

	cycles, reused, stale, lost atomic.Int64

	mu  sync.Mutex
	err error // guarded by mu; the first error
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
				r.fail("event", fmt.Errorf("token %#x belongs to no registration", uint64(e.Token)))
				return
			}
			if generation <= gone[owner] {
				r.stale.Add(1)
			}
			r.owners[owner].report(generation)
		}
		runtime.Gosched() // a level is ready at once, and the owners need the processor
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
	default: // the owner has not yet taken the previous value
	}
}
