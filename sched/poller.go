package sched

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// Poller suspends goroutines until its queue reports their handles. It implements stream.Waiter.
//
// The loops that have it as Options.Poller suspend their tasks themselves and leave goroutines to
// it. A goroutine therefore never depends on a loop that a task holds, even if that task waits for
// the goroutine. Several schedulers may share a Poller.
//
// A Poller is not bound to a thread. If its queue is one of package queue/netpoll, it holds no
// thread while it waits, and the goroutines that it wakes run on its thread next.
type Poller struct {
	loop   *Loop
	guest  bool        // loop is that of tasks
	closed atomic.Bool // Close was called

	mu      sync.Mutex // serializes changes of members
	members atomic.Pointer[[]*worker]
}

// NewPoller returns a poller over q, which it owns: Run closes q when it ends. It registers handles
// in mode. Goroutines wait only while Run runs.
func NewPoller(q queue.Queue, mode queue.Mode) *Poller {
	p := &Poller{loop: newSingle(newLoop(q, Options{Mode: mode}))}
	p.loop.poller = p
	p.loop.floating = true
	p.members.Store(&p.loop.peers)
	return p
}

// NewPollerOn returns a poller that runs on l together with the tasks of l, for programs that need
// no second queue. A goroutine then depends on the tasks of l: it waits for as long as one of them
// holds l. A task that waits for such a goroutine by other means than its own deadlocks.
//
// Run and Close are those of l: Run returns ErrStopped, and Close does nothing. The poller cannot
// be the Options.Poller of a loop.
func NewPollerOn(l *Loop) *Poller {
	p := &Poller{loop: l, guest: true}
	p.members.Store(&l.peers)
	return p
}

// Run serves waiting goroutines until Close, or until ctx is done, and then closes the queue. It
// returns nil after Close, the cause of ctx, or the error of the queue. It can be called once.
// Goroutines that still wait get net.ErrClosed.
func (p *Poller) Run(ctx context.Context) error {
	if p.guest {
		return fmt.Errorf("sched: Run of a poller on a loop: %w", ErrStopped)
	}
	err := p.loop.Run(ctx)
	if p.closed.Load() && errors.Is(err, ErrStopped) {
		return nil // Close came first
	}
	return err
}

// Close makes Run return, and does not wait for it. If Run has not begun, Close closes the queue,
// and Run then returns nil.
func (p *Poller) Close() error {
	if p.guest {
		return nil
	}
	p.closed.Store(true)
	p.loop.Drain()
	if p.loop.endFresh() {
		return p.loop.overErr
	}
	return nil
}

// Post calls f on the goroutine of Run, after the functions posted before. Any goroutine may call
// it, and it does not wait. f must not block: it would delay every goroutine that the poller
// serves.
//
// Post returns ErrFull if [DefaultMaxPosted] functions wait, and ErrStopped after the end of Run.
func (p *Poller) Post(f func()) error { return p.loop.Post(f) }

// Register ties h to the poller. Any goroutine may call it and all methods of the Source. Wait is
// for goroutines: a task of a loop that uses the poller gets ErrWrongWaiter.
func (p *Poller) Register(h sys.Handle) (Source, error) {
	s, err := p.register(h, nil)
	if err != nil {
		return nil, closedError(err)
	}
	return s, nil
}

// register registers h. home is the source of a loop that h belongs to, if any.
func (p *Poller) register(h sys.Handle, home *taskSource) (*goroutineSource, error) {
	s := &goroutineSource{loop: p.loop, home: home}
	for d := range s.parked {
		s.parked[d].wake = make(chan error, 1)
	}
	if err := s.open(p.loop, h, s); err != nil {
		return nil, err
	}
	return s, nil
}

// admit makes the poller recognise the tasks of workers.
func (p *Poller) admit(workers []*worker) {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := append(append([]*worker(nil), *p.members.Load()...), workers...)
	p.members.Store(&all)
}

// dismiss undoes admit for the workers of l, which has ended.
func (p *Poller) dismiss(l *Loop) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var left []*worker
	for _, w := range *p.members.Load() {
		if w.loop != l {
			left = append(left, w)
		}
	}
	p.members.Store(&left)
}
