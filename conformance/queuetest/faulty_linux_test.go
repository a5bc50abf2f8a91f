package queuetest

import (
	"errors"
	"sync"
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/epoll"
	"github.com/edgewise-go/edgewise/queue/poll"
	"github.com/edgewise-go/edgewise/sys"
)

// faulty wraps a real queue. As created it keeps every rule. A mutant replaces the part that breaks
// one.
type faulty struct {
	queue.Queue

	mu     sync.Mutex
	regs   map[sys.Handle]queue.Registration // guarded by mu; the registrations
	stash  []queue.Event                     // guarded by mu; the events that the next Wait reports at once
	inside int                               // guarded by mu; blocked waits
	most   int                               // guarded by mu; the largest number of blocked waits so far

	add        func(h sys.Handle, r queue.Registration) error
	modify     func(h sys.Handle, r queue.Registration) error
	remove     func(h sys.Handle) error
	wouldBlock func(h sys.Handle, dir queue.Interest) error
	wake       func() error
	wait       func(events []queue.Event, timeout time.Duration) (int, error)
	shut       func() error
	features   func() queue.Features
	handle     func() sys.Handle
	// events changes the events that a Wait reports. It is called with mu held.
	events func(events []queue.Event) []queue.Event
	// keep keeps stashed events after Modify and Delete.
	keep bool
}

func newFaulty(real queue.Queue) *faulty {
	q := &faulty{Queue: real, regs: map[sys.Handle]queue.Registration{}}
	q.add, q.modify, q.remove, q.wait = q.reallyAdd, q.reallyModify, q.reallyRemove, q.reallyWait
	q.wouldBlock, q.wake, q.shut, q.features = real.WouldBlock, real.Wake, real.Close, real.Features
	if n, ok := real.(queue.Nester); ok {
		q.handle = n.Handle
	}
	return q
}

func (q *faulty) Add(h sys.Handle, r queue.Registration) error            { return q.add(h, r) }
func (q *faulty) Modify(h sys.Handle, r queue.Registration) error         { return q.modify(h, r) }
func (q *faulty) Delete(h sys.Handle) error                               { return q.remove(h) }
func (q *faulty) WouldBlock(h sys.Handle, dir queue.Interest) error       { return q.wouldBlock(h, dir) }
func (q *faulty) Wait(events []queue.Event, d time.Duration) (int, error) { return q.wait(events, d) }
func (q *faulty) Wake() error                                             { return q.wake() }
func (q *faulty) Close() error                                            { return q.shut() }
func (q *faulty) Features() queue.Features                                { return q.features() }

// nestable adds Handle, which faulty must not have over a queue that is not a Nester.
type nestable struct{ *faulty }

func (q nestable) Handle() sys.Handle { return q.handle() }

func (q *faulty) reallyAdd(h sys.Handle, r queue.Registration) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	err := q.Queue.Add(h, r)
	if err == nil {
		q.regs[h] = r
	}
	return err
}

func (q *faulty) reallyModify(h sys.Handle, r queue.Registration) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	err := q.Queue.Modify(h, r)
	if err == nil {
		q.purge(q.regs[h].Token)
		q.regs[h] = r
	}
	return err
}

func (q *faulty) reallyRemove(h sys.Handle) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	err := q.Queue.Delete(h)
	if err == nil {
		q.purge(q.regs[h].Token)
		delete(q.regs, h)
	}
	return err
}

// purge drops the stashed events of a registration. The caller holds mu.
func (q *faulty) purge(token queue.Token) {
	if q.keep {
		return
	}
	var kept []queue.Event
	for _, e := range q.stash {
		if e.Token != token {
			kept = append(kept, e)
		}
	}
	q.stash = kept
}

func (q *faulty) reallyWait(events []queue.Event, timeout time.Duration) (int, error) {
	var deadline time.Time
	if timeout > 0 {
		deadline = time.Now().Add(timeout)
	}
	for {
		q.mu.Lock()
		if len(q.stash) > 0 && len(events) > 0 && q.open() {
			n := copy(events, q.stash)
			q.stash = append([]queue.Event(nil), q.stash[n:]...)
			q.mu.Unlock()
			return n, nil
		}
		q.inside++
		q.most = max(q.most, q.inside)
		q.mu.Unlock()
		n, err := q.Queue.Wait(events, timeout)
		q.mu.Lock()
		q.inside--
		if n == 0 || err != nil || q.events == nil {
			q.mu.Unlock()
			return n, err
		}
		n = copy(events, q.events(events[:n]))
		q.mu.Unlock()
		if n > 0 || timeout == 0 {
			return n, nil
		}
		nap() // a suppressed level is ready at once
		if timeout > 0 {
			if timeout = time.Until(deadline); timeout <= 0 {
				return 0, nil
			}
		}
	}
}

// open reports whether the queue is open. Where edges are emulated, WouldBlock does not know the
// handle.
func (q *faulty) open() bool {
	return !errors.Is(q.Queue.WouldBlock(sys.Invalid, queue.None), queue.ErrClosed)
}

// of returns the registration with token. The caller holds mu.
func (q *faulty) of(token queue.Token) (sys.Handle, queue.Registration) {
	for h, r := range q.regs {
		if r.Token == token {
			return h, r
		}
	}
	return sys.Invalid, queue.Registration{}
}

// each applies change to every event and drops the event if change returns false.
func (q *faulty) each(change func(e *queue.Event, h sys.Handle, r queue.Registration) bool) {
	q.events = func(events []queue.Event) []queue.Event {
		kept := events[:0]
		for i := range events {
			h, r := q.of(events[i].Token)
			if change(&events[i], h, r) {
				kept = append(kept, events[i])
			}
		}
		return kept
	}
}

// without removes directions from e and reports whether any is left.
func without(e *queue.Event, directions queue.Interest) bool {
	e.Ready &^= queue.Ready(directions)
	return e.Ready.Directions() != queue.None
}

// readiness returns the directions for which h is ready.
func readiness(h sys.Handle) (i queue.Interest) {
	fds := []sys.PollFD{{Fd: int32(h), Events: sys.PollIn | sys.PollOut}}
	if n, err := sys.Poll(fds, 0); n == 0 || err != nil {
		return queue.None
	}
	if fds[0].Revents&sys.PollIn != 0 {
		i |= queue.Readable
	}
	if fds[0].Revents&sys.PollOut != 0 {
		i |= queue.Writable
	}
	if fds[0].Revents&(sys.PollHup|sys.PollErr) != 0 {
		i = queue.Both
	}
	return i
}

// mutantSeed makes the random case detect the same mutants in each run.
const mutantSeed = 1

func mutate(name string, change func(q *faulty)) suite.Target[*Fixture] {
	target := epollTarget("eventfd")
	target.Name, target.Seed = name, mutantSeed
	target.Open = func() (queue.Queue, error) {
		real, err := epoll.New(epoll.Options{})
		if err != nil {
			return nil, err
		}
		q := newFaulty(real)
		change(q)
		return nestable{q}, nil
	}
	return target.suite()
}

// mutatePoll makes mutants that need an emulated edge or a mechanism with fewer features.
func mutatePoll(name string, change func(q *faulty)) suite.Target[*Fixture] {
	target := pollTarget("eventfd")
	target.Name, target.Seed = name, mutantSeed
	target.Open = func() (queue.Queue, error) {
		real, err := poll.New(poll.Options{})
		if err != nil {
			return nil, err
		}
		q := newFaulty(real)
		change(q)
		return q, nil
	}
	return target.suite()
}
