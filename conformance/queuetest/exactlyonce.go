package queuetest

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// Load is the size of a run of [ExactlyOnce].
type Load struct {
	Mode        queue.Mode
	Waiters     int // goroutines in Wait
	Sources     int // connected pairs of sockets, each with one registered end
	Transitions int // at least Sources
	// Patience is how long the run may make no progress before the outstanding transitions count as
	// lost. Zero means the patience of the suite.
	Patience time.Duration
}

// OnceReport is the result of a run of [ExactlyOnce].
type OnceReport struct {
	Consumed int64 // transitions that a waiter consumed
	Lost     int64 // transitions that no waiter received
	Events   int64
	Spurious int64 // events without a transition
	Twice    int64 // events for a source that another waiter was still reading after its own event
	Elapsed  time.Duration
}

// String formats the numbers on one line.
func (r OnceReport) String() string {
	return fmt.Sprintf("%d consumed, %d lost, %d events, %d spurious, %d twice", r.Consumed, r.Lost, r.Events, r.Spurious, r.Twice)
}

// ExactlyOnce makes sources ready, lets waiters consume the readiness, and counts. A transition is
// one byte. The next byte is written to a source only after a waiter has read the previous one and
// has read until would-block. The waiter must also have switched the registration on again as its
// mode requires. So no second event ever has a cause.
//
// ExactlyOnce owns q while it runs, uses 2 descriptors per source, and leaves no registration. It
// returns the error of the first call that fails.
func ExactlyOnce(q queue.Queue, load Load) (OnceReport, error) {
	r := &onceRun{q: q, load: load, done: make(chan struct{})}
	r.tickets.Store(int64(load.Transitions))
	if load.Patience == 0 {
		r.load.Patience = suite.Patience()
	}
	defer r.close()
	for i := range load.Sources {
		if err := r.open(i); err != nil {
			return OnceReport{}, err
		}
	}
	begin := time.Now()
	var waiters sync.WaitGroup
	for range load.Waiters {
		waiters.Go(r.wait)
	}
	for i := range r.sources {
		r.write(&r.sources[i])
	}
	lost := r.await()
	r.over.Store(true)
	waiters.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	return OnceReport{
		Consumed: r.consumed.Load(), Lost: lost, Events: r.events.Load(), Spurious: r.spurious.Load(), Twice: r.twice.Load(),
		Elapsed: time.Since(begin),
	}, r.err
}

type onceSource struct {
	local, peer sys.Handle
	busy        atomic.Bool // a waiter is reading
}

type onceRun struct {
	q        queue.Queue
	load     Load
	sources  []onceSource
	tickets  atomic.Int64 // transitions that are not written yet
	over     atomic.Bool
	done     chan struct{} // closed after all transitions are consumed or a call has failed
	doneOnce sync.Once

	consumed, events, spurious, twice atomic.Int64

	mu  sync.Mutex
	err error // guarded by mu; the first error
}

func (r *onceRun) open(i int) error {
	a, b, err := sys.SocketPair()
	if err != nil {
		return fmt.Errorf("source %d: %w", i, err)
	}
	if r.sources == nil {
		r.sources = make([]onceSource, r.load.Sources)
		for j := range r.sources {
			r.sources[j].local, r.sources[j].peer = sys.Invalid, sys.Invalid
		}
	}
	r.sources[i].local, r.sources[i].peer = a, b
	return r.q.Add(a, r.registration(queue.Token(i)))
}

func (r *onceRun) close() {
	for i := range r.sources {
		s := &r.sources[i]
		if s.local == sys.Invalid {
			continue
		}
		// The failure of a queue is already reported, and a closed queue has no registrations to
		// delete.
		_ = r.q.Delete(s.local)
		_, _ = sys.Close(s.local), sys.Close(s.peer)
	}
}

func (r *onceRun) registration(token queue.Token) queue.Registration {
	return registration(token, queue.Readable, r.load.Mode)
}

func (r *onceRun) fail(what string, err error) {
	r.mu.Lock()
	if r.err == nil {
		r.err = fmt.Errorf("%s: %w", what, err)
	}
	r.mu.Unlock()
	r.finish()
}

func (r *onceRun) finish() { r.doneOnce.Do(func() { close(r.done) }) }

// write makes s ready if a transition is left.
func (r *onceRun) write(s *onceSource) {
	if r.tickets.Add(-1) < 0 {
		return
	}
	deadline := time.Now().Add(r.load.Patience)
	for {
		n, err := sys.Write(s.peer, []byte{1})
		if n == 1 && err == nil {
			return
		}
		// The socket has room for a byte. Under Wine a write can still return would-block while
		// another thread returns from the write of the previous byte.
		if err != sys.ErrWouldBlock || time.Now().After(deadline) {
			r.fail("write", errors.Join(err, errShort))
			return
		}
		runtime.Gosched()
	}
}

var errShort = errors.New("want a write of one byte")

// waiterTimeout lets waiters notice that they should stop even if Wake does not work.
const waiterTimeout = 50 * time.Millisecond

// await returns how many transitions are outstanding after no progress for the whole patience.
func (r *onceRun) await() (lost int64) {
	timer := time.NewTimer(r.load.Patience)
	defer timer.Stop()
	for before := int64(0); ; {
		select {
		case <-r.done:
			return 0
		case <-timer.C:
			now := r.consumed.Load()
			if now == before {
				return min(int64(r.load.Sources), int64(r.load.Transitions)-now)
			}
			before = now
			timer.Reset(r.load.Patience)
		}
	}
}

func (r *onceRun) wait() {
	events := make([]queue.Event, 64)
	var p [8]byte
	for !r.over.Load() {
		n, err := r.q.Wait(events, waiterTimeout)
		if err != nil {
			r.fail("wait", err)
			return
		}
		for _, e := range events[:n] {
			r.events.Add(1)
			if e.Token >= queue.Token(len(r.sources)) {
				r.fail("event", fmt.Errorf("token %d belongs to no registration", e.Token))
				return
			}
			r.handle(e.Token, p[:])
		}
	}
}

// handle consumes the readiness of token and makes its source ready again.
func (r *onceRun) handle(token queue.Token, p []byte) {
	s := &r.sources[token]
	if !s.busy.CompareAndSwap(false, true) {
		r.twice.Add(1)
		return
	}
	found := 0
	for {
		n, err := sys.Read(s.local, p)
		if err == sys.ErrWouldBlock {
			break
		}
		if n == 0 || err != nil {
			r.fail("read", errors.Join(err, errShort))
			return
		}
		found += n
	}
	s.busy.Store(false)
	var err error
	switch r.load.Mode {
	case queue.Edge:
		err = r.q.WouldBlock(s.local, queue.Readable)
	case queue.OneShot:
		err = r.q.Modify(s.local, r.registration(token))
	}
	if err != nil {
		r.fail("switch on", err)
		return
	}
	if found == 0 {
		r.spurious.Add(1)
		return
	}
	if r.consumed.Add(int64(found)) == int64(r.load.Transitions) {
		r.finish()
	}
	r.write(s)
}
