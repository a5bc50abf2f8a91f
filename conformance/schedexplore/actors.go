package schedexplore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/sys"
)

// populate starts the actors.
func (w *world) populate() {
	if w.oneIn(3) {
		w.addBall()
	}
	if w.crew != nil {
		w.addFamilies()
	}
	for range 1 + w.random(actorsMax-2) {
		switch w.random(8) {
		case 0:
			w.addSleeper()
		case 1:
			w.addAwaiter()
		case 2, 3:
			p := w.somewhere()
			w.addHandler(p, w.newFile(p, nil), false)
		default:
			w.addConn()
		}
	}
}

func (w *world) newFile(p *place, peer *file) *file {
	f := p.queue.open()
	f.room, f.peer = w.random(2), peer
	return f
}

// addBall adds a goroutine with a deadline and a handler with a time limit. The handler sends back
// what the goroutine sends.
func (w *world) addBall() {
	p := w.somewhere()
	a, b := w.newFile(p, nil), w.newFile(p, nil)
	a.peer, b.peer = b, a
	w.addHandler(p, a, true)
	c := &conn{w: w, at: p, file: b}
	w.conns = append(w.conns, c)
	s := w.addSide(c, sys.Readable, true)
	s.serves = true
}

// addConn adds a connection, with tasks or goroutines that wait for one or both of its directions.
// It returns the one that reads.
func (w *world) addConn() *side {
	p := w.somewhere()
	c := &conn{w: w, at: p, file: w.newFile(p, nil)}
	w.conns = append(w.conns, c)
	goroutines := w.oneIn(2)
	reads := w.addSide(c, sys.Readable, goroutines)
	if w.oneIn(3) {
		w.addSide(c, sys.Writable, goroutines)
	}
	return reads
}

// conn is a file that sides wait for.
type conn struct {
	w      *world
	at     *place
	file   *file
	reg    sched.Source // of the first side that registers
	mine   *registration
	closed bool
}

func (c *conn) register(goroutine bool) error {
	if c.reg != nil {
		return nil
	}
	w := c.w
	if c.closed {
		return net.ErrClosed
	}
	open := func(l *sched.Loop, h sys.Handle) (sched.Source, error) { return l.Waiter().Register(h) }
	if goroutine {
		open = func(l *sched.Loop, h sys.Handle) (sched.Source, error) { return sched.NewPollerOn(l).Register(h) }
		if w.seams.Goroutines != nil {
			open = w.seams.Goroutines
		}
	} else if w.seams.Tasks != nil {
		open = w.seams.Tasks
	}
	var err error
	c.reg, err = open(c.at.loop, c.file.handle)
	if err == nil {
		c.mine = c.at.queue.registrationOf(c.file)
	}
	return err
}

// side is a task or a goroutine that reads or writes until the end.
type side struct {
	w         *world
	name      string
	conn      *conn
	direction sys.Direction
	serves    bool // a reader that sends a token first and after each token it reads, and whose deadlines are far

	ended       bool
	waiting     bool
	deadline    time.Time
	interrupted bool
	credit      int // interrupts that have not ended a wait yet
	cancel      context.CancelFunc
	canceled    bool
	home        uint64 // the thread of a task

	gate   chan struct{} // of a goroutine
	atGate bool
}

func (s *side) over() bool              { return s.ended }
func (s *side) where() (*place, uint64) { return s.conn.at, s.home }
func (s *side) String() string {
	return fmt.Sprintf("%s (handle %v, %v)", s.name, s.conn.file.handle, s.direction)
}

func (s *side) until() time.Time {
	if s.waiting && s.gate == nil {
		return s.deadline
	}
	return time.Time{}
}

func (s *side) lost(*world) string {
	switch {
	case !s.waiting:
		return ""
	case s.conn.closed:
		return "its registration was closed"
	case s.canceled:
		return "it was canceled"
	case s.interrupted:
		return "it was interrupted"
	case s.conn.file.ready()&interests[s.direction] != 0:
		return fmt.Sprintf("it is ready (%v)", s.conn.file)
	}
	return ""
}

func (w *world) name(kind string) string { return fmt.Sprintf("%s %d", kind, len(w.actors)) }

func (w *world) addSide(c *conn, d sys.Direction, goroutine bool) *side {
	s := &side{w: w, conn: c, direction: d}
	if goroutine {
		s.name = w.name("goroutine")
		s.gate = make(chan struct{}, 1)
		s.atGate = true
		w.actors = append(w.actors, s)
		go func() {
			<-s.gate
			s.finish(s.run())
		}()
		return s
	}
	s.name = w.name("task")
	w.actors = append(w.actors, s)
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	w.count(s.name, 1)
	err := c.at.loop.Go(ctx, s.name, func(*sched.Task) error {
		w.enter(s)
		s.home = w.crew.thread()
		s.finish(s.run())
		return nil
	})
	if err != nil {
		w.count(s.name, -1)
		s.ended = true
		cancel()
		if !w.mayRefuse(err) && !w.canceled {
			w.fail("Go: %v", err)
		}
	}
	return s
}

func (s *side) finish(err error) {
	s.ended = true
	s.w.trace("%v ends: %v", s, err)
	c := s.conn
	for _, o := range s.w.sides() {
		if o.conn == c {
			return
		}
	}
	if c.reg != nil && !c.closed {
		c.closed = true
		if err := c.reg.Close(); err != nil {
			s.w.fail("Close: %v", err)
		}
		c.at.queue.shut(c.file)
	}
}

func (s *side) open() {
	s.atGate = false
	s.gate <- struct{}{}
}

// pause is a point at which the environment acts: a task calls point, a goroutine waits at its
// gate.
func (s *side) pause() {
	if s.gate == nil {
		s.w.point(s)
		return
	}
	s.atGate = true
	<-s.gate
}

func (s *side) run() error {
	if err := s.conn.register(s.gate != nil); err != nil {
		return err
	}
	if s.serves {
		s.send()
	}
	for {
		s.pause()
		if s.conn.closed {
			return net.ErrClosed
		}
		if done, again := s.try(); done {
			return nil
		} else if again {
			continue
		}
		s.pause()
		if err := s.wait(); err != nil {
			return err
		}
	}
}

// try reads or writes once.
func (s *side) try() (done, again bool) {
	f := s.conn.file
	switch {
	case s.direction == sys.Readable && f.tokens > 0:
		s.conn.at.queue.change(f, queue.None, func() { f.tokens-- })
		s.w.trace("%v reads", s)
		if s.serves && s.w.busy() {
			s.send()
		}
		return false, true
	case f.ended:
		return true, false
	case s.direction == sys.Writable && f.room > 0:
		s.conn.at.queue.change(f, queue.None, func() { f.room-- })
		return false, true
	}
	return false, false
}

func (s *side) send() { s.w.send(s.conn.at, s.conn.file) }

// send writes a token to the peer of f.
func (w *world) send(at *place, f *file) {
	if p := f.peer; p != nil {
		at.queue.change(p, queue.Readable, func() { p.tokens++ })
	}
}

func (s *side) wait() error {
	w := s.w
	s.deadline = time.Time{}
	switch {
	case s.serves:
		s.deadline = time.Now().Add(time.Hour)
	case !w.oneIn(3):
		s.deadline = time.Now().Add(w.someTime())
	}
	w.trace("%v waits until %v", s, s.deadline)
	s.waiting = true
	err := s.conn.reg.Wait(s.direction, s.deadline)
	at := time.Now()
	w.fence()
	s.waiting, s.interrupted = false, false
	if s.gate != nil {
		s.pause()
	} else {
		w.enter(s)
	}
	w.trace("%v has waited: %v", s, err)
	return s.judge(err, at)
}

// judge checks that the wait had a cause to end. It returns an error if another wait makes no
// sense.
func (s *side) judge(err error, at time.Time) error {
	w, over := s.w, s.w.broken()
	var c *sched.CancelError
	switch {
	case err == nil:
		if events := &s.conn.mine.credit[s.direction]; *events > 0 {
			*events--
		} else if s.credit > 0 {
			s.credit--
		} else {
			w.fail("%v was woken with neither an event of its registration nor an interrupt", s)
		}
		return nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		if s.deadline.IsZero() || at.Before(s.deadline) {
			w.fail("%v got its deadline %v early", s, s.deadline.Sub(at))
		}
		return nil
	case errors.Is(err, net.ErrClosed):
		if !s.conn.closed && !over && !w.canceled && s.conn.at.queue.lives() {
			w.fail("%v got ErrClosed without a close", s)
		}
	case errors.As(err, &c):
		if !s.canceled && !w.canceled && !over {
			w.fail("%v got a CancelError without a cancellation", s)
		}
	default:
		if !over {
			w.fail("%v: %v", s, err)
		}
	}
	return err
}

func (q *virtualQueue) lives() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return !q.closed
}

func (s *side) cancelIt() bool {
	if s.cancel == nil || s.canceled {
		return false
	}
	s.canceled = true
	s.cancel()
	return true
}

// someTime returns a duration of random magnitude: every power of ten is equally likely.
func (w *world) someTime() time.Duration {
	d := time.Duration(1)
	for range w.random(12) {
		d *= 10
	}
	return d * time.Duration(1+w.random(9))
}
