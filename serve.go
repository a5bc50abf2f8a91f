package edgewise

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

// acceptBatchMax bounds the connections that a listener accepts before other tasks of its loop run.
const acceptBatchMax = 64

// Serve accepts connections from l and calls handle in a new task for each, on the loops in turn.
// It closes each connection after handle has returned, and l at the end.
//
// Serve pauses at Options.MaxConns connections, and while the process is out of descriptors. It
// returns after the last task has ended:
//
//   - with nil after ctx is done and all tasks have ended, or after Shutdown
//   - with an error that is context.DeadlineExceeded if tasks were canceled because they did not
//     end within Options.Grace after ctx was done
//
// If l cannot accept any more, Serve returns the error of l at once. The tasks continue until they
// end or Shutdown ends them.
//
// The caller may be a goroutine or a task. If Options.Listen has ReusePort and l is of TCP, Serve
// opens a listener per loop on the address, among which the kernel spreads connections.
func (s *Stack) Serve(ctx context.Context, l *Listener, handle func(*Task, *Conn) error) error {
	return s.serve(ctx, l, func(v *service, t *Task, loop *sched.Loop, a *accepted) error {
		body := func(t *Task) error {
			v.taken(a)
			defer v.ended()
			conn, err := stream.NewConn(a.sock, loop.Waiter())
			if err != nil {
				return errors.Join(err, a.sock.Close())
			}
			defer conn.Close()
			return handle(t, conn)
		}
		if loop == t.Loop() {
			return t.Go(v.tasks, connectionName, body) // even while the loop drains
		}
		return loop.Go(v.tasks, connectionName, body)
	})
}

// ServeHandlers is Serve for connections without a stack: it starts the handler that open returns
// for each connection. open runs on the loop of the handler, its argument, and must not block. If
// it returns an error, Serve closes the socket. Otherwise the handler owns the socket and closes it
// in End. Serve calls End of a handler that cannot be started.
//
// Options.MaxConns does not bound handlers; Options.Sched.MaxTasks does. Serve does not wait for
// them. Shutdown asks each of them to end.
func (s *Stack) ServeHandlers(ctx context.Context, l *Listener, open func(*sched.Loop, Socket) (Handler, error)) error {
	return s.serve(ctx, l, func(v *service, t *Task, loop *sched.Loop, a *accepted) error {
		if loop == t.Loop() {
			s.startHandler(v, loop, a, open)
			return nil
		}
		return loop.Post(func() { s.startHandler(v, loop, a, open) })
	})
}

// startHandler runs on loop.
func (s *Stack) startHandler(v *service, loop *sched.Loop, a *accepted, open func(*sched.Loop, Socket) (Handler, error)) {
	v.taken(a)
	defer v.ended()
	h, err := open(loop, a.sock)
	if err != nil {
		s.refuse(a.sock, err)
		return
	}
	if _, err := loop.StartHandler(a.sock.Handle(), h); err != nil {
		peer, _ := a.sock.RemoteAddr()
		h.End(err)
		s.logRefusal(peer, err)
	}
}

// StartHandler starts h for the handle on the next loop in turn. It suspends its caller, a task or
// a goroutine, until the loop has done so. sched.Loop.StartHandler has the details.
func (s *Stack) StartHandler(handle sys.Handle, h Handler) (sched.HandlerTask, error) {
	var started sched.HandlerTask
	loop, result := s.nextLoop(), error(sched.ErrStopped)
	var posting error
	err := s.waiter.Suspend(func(resume func()) {
		posting = loop.Post(func() {
			started, result = loop.StartHandler(handle, h)
			resume()
		})
		if posting != nil {
			resume()
		}
	})
	if posting != nil {
		return sched.HandlerTask{}, posting
	}
	if err != nil {
		return sched.HandlerTask{}, err
	}
	return started, result
}

// accepted is a connection on its way to a task or a handler.
type accepted struct{ sock Socket }

// connectionName is the name of the tasks of Serve.
const connectionName = "connection"

// starter makes loop serve a connection that t has accepted. It returns an error if it cannot.
type starter = func(v *service, t *Task, loop *sched.Loop, a *accepted) error

// service is a running Serve.
type service struct {
	stack *Stack
	start starter
	room  *sched.Semaphore
	tasks context.Context // of the connections; done when the grace is over
	cut   func(cause error)

	mu        sync.Mutex // guards all below
	listeners []*Listener
	accepting int                    // tasks that accept
	live      int                    // connections
	passed    map[*accepted]struct{} // to a loop that has not taken them
	stopping  bool
	err       error
	resume    func() // the caller of Serve, when everything has ended
}

func (s *Stack) serve(ctx context.Context, l *Listener, start starter) error {
	select {
	case <-s.ended:
		return s.notServing(l)
	default:
	}
	v := &service{stack: s, start: start, room: sched.NewSemaphore(s.options.MaxConns), tasks: ctx, cut: func(error) {}, passed: map[*accepted]struct{}{}}
	if ctx.Done() != nil { // otherwise the tasks need not pay for watching a context
		v.tasks, v.cut = context.WithCancelCause(context.WithoutCancel(ctx))
	}
	if err := v.listen(l); err != nil {
		return errors.Join(err, l.Close())
	}
	v.accepting = len(v.listeners)
	if !s.enter(v) {
		return errors.Join(s.notServing(l), v.close())
	}
	var grace *time.Timer
	unwatch := context.AfterFunc(ctx, func() {
		v.mu.Lock()
		grace = time.AfterFunc(s.options.Grace, func() { v.cut(v.cutOff()) })
		v.mu.Unlock()
		v.stop(nil)
	})
	err := v.run()
	unwatch()
	v.mu.Lock()
	defer v.mu.Unlock()
	if grace != nil {
		grace.Stop()
	}
	cause := context.Cause(v.tasks)
	if err != nil {
		v.cut(err) // Serve was canceled itself, or cannot wait
	}
	return errors.Join(v.err, err, cause)
}

// notServing closes l and returns the error of a Serve whose loops have ended.
func (s *Stack) notServing(l *Listener) error {
	err := fmt.Errorf("edgewise: serve: %w", sched.ErrStopped)
	if e := l.Close(); e != nil && !errors.Is(e, net.ErrClosed) {
		err = errors.Join(err, e)
	}
	return err
}

// cutOff returns the cause with which the tasks are canceled that are left after the grace.
func (v *service) cutOff() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	return fmt.Errorf("edgewise: serve: %d connections were canceled %v after the end of the context: %w",
		v.live, v.stack.options.Grace, context.DeadlineExceeded)
}

// listen adds l, and one more listener per further loop if the kernel is to spread connections.
func (v *service) listen(l *Listener) error {
	v.listeners = []*Listener{l}
	o := v.stack.options.Listen
	addr, tcp := l.Addr().(*net.TCPAddr)
	if !o.ReusePort || !tcp {
		return nil
	}
	network := "tcp" // of the address of every interface, which serves both families
	switch {
	case addr.IP.To4() != nil:
		network = "tcp4"
	case !addr.IP.IsUnspecified():
		network = "tcp6"
	}
	for _, loop := range v.stack.scheduler.Loops()[1:] {
		c := v.stack.listenConfig()
		c.Waiter = loop.Waiter()
		more, err := c.Listen(context.Background(), network, addr.String())
		if err != nil {
			return errors.Join(err, v.close())
		}
		v.listeners = append(v.listeners, more)
	}
	return nil
}

// run starts the tasks that accept, and waits for the end.
func (v *service) run() error {
	loops := v.stack.scheduler.Loops()
	spread := len(v.listeners) > 1
	for i, l := range v.listeners {
		next := v.stack.nextLoop
		if spread {
			next = func() *sched.Loop { return loops[i] }
		}
		err := loops[i].Go(context.Background(), "accept", func(t *Task) error {
			// The loop may end before the task begins; then the Stack ends too.
			t.OnDrain(func() { v.stop(nil) })
			v.stop(v.accept(t, l, next))
			v.leave(func() { v.accepting-- })
			return nil
		})
		if err != nil {
			v.leave(func() { v.accepting-- })
			v.stop(err)
		}
	}
	err := v.stack.waiter.Suspend(func(resume func()) {
		v.leave(func() { v.resume = resume })
	})
	if err != nil {
		v.stop(nil) // the task that serves was canceled, or the caller cannot wait
	}
	return err
}

// leave changes the state by f. It resumes the caller of Serve if everything has ended, or if the
// accepting has failed.
func (v *service) leave(f func()) {
	v.mu.Lock()
	f()
	resume := v.resume
	accepts := v.accepting > 0 // less than none after abandon
	ended := !accepts && v.live <= 0
	if resume != nil && (ended || !accepts && v.err != nil) {
		v.resume = nil
	} else {
		resume = nil
	}
	v.mu.Unlock()
	if ended {
		v.stack.leave(v)
	}
	if resume != nil {
		resume()
	}
}

// stop ends the accepting. err is its reason unless that is the end of a listener.
func (v *service) stop(err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.stopping {
		return
	}
	v.stopping = true
	if err != nil && !errors.Is(err, sched.ErrCanceled) {
		v.err = err
	}
	v.err = errors.Join(v.err, v.close())
}

// close closes the listeners.
func (v *service) close() (err error) {
	for _, l := range v.listeners {
		if e := l.Close(); e != nil && !errors.Is(e, net.ErrClosed) {
			err = errors.Join(err, e)
		}
	}
	return err
}

func (v *service) accept(t *Task, l *Listener, next func() *sched.Loop) error {
	for n := 1; ; n++ {
		if err := v.room.Acquire(t, 1); err != nil {
			return err
		}
		sock, _, err := l.AcceptSocket()
		if err != nil {
			v.room.Release(1)
			return err
		}
		a := &accepted{sock}
		v.mu.Lock()
		v.live++
		v.passed[a] = struct{}{}
		v.mu.Unlock()
		if err := v.start(v, t, next(), a); err != nil {
			v.taken(a)
			v.stack.refuse(sock, err)
			v.ended()
		}
		if n%acceptBatchMax == 0 {
			if err := t.Yield(); err != nil {
				return err
			}
		}
	}
}

// taken records that a task or handler owns a.
func (v *service) taken(a *accepted) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.passed, a)
}

// ended records that a connection has ended.
func (v *service) ended() {
	v.room.Release(1)
	v.leave(func() { v.live-- })
}

// abandon ends v after its loops have ended: tasks that had not begun do not end.
func (v *service) abandon() {
	v.stop(nil)
	v.leave(func() {
		v.accepting, v.live = 0, 0
		for a := range v.passed {
			v.err = errors.Join(v.err, a.sock.Close())
		}
	})
}

// refuse closes a connection for which there is no room.
func (s *Stack) refuse(sock Socket, err error) {
	peer, _ := sock.RemoteAddr()
	if e := sock.Close(); e != nil {
		err = errors.Join(err, e)
	}
	s.logRefusal(peer, err)
}

// logRefusal logs a refused connection, unless the loops end: the kernel refuses its successors
// too.
func (s *Stack) logRefusal(peer netip.AddrPort, err error) {
	if !errors.Is(err, sched.ErrStopped) {
		s.options.Logger.Warn("connection refused", "peer", peer, "error", err)
	}
}

func (s *Stack) logExhausted(err error, pause time.Duration) {
	s.options.Logger.Warn("cannot accept", "error", err, "pause", pause)
}
