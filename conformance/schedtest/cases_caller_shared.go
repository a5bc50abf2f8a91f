package schedtest

import (
	"context"
	"errors"
	"net"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/sys"
)

// sharer runs f where it can wait, and returns a channel that is closed at its end.
type sharer struct {
	name string
	loop *sched.Loop // that must not be held; nil for a goroutine
	run  func(f func()) <-chan struct{}
}

// sharers are the kinds of callers that wait for one handle: tasks of its loop, goroutines, and
// tasks of another loop if there is one.
func (r *Fixture) sharers(t T) []sharer {
	of := func(l *sched.Loop, name string) sharer {
		return sharer{name, l, func(f func()) <-chan struct{} {
			return r.spawn(t, l, context.Background(), name, func(*sched.Task) error {
				f()
				return nil
			})
		}}
	}
	all := []sharer{of(r.loop(), "a task"), {"a goroutine", nil, r.goes}}
	if len(r.s.Loops()) > 1 {
		all = append(all, of(r.otherLoop(), "a task of another loop"))
	}
	return all
}

// inLoop registers h from a function that the loop calls, so that the loop has it at once.
func (r *Fixture) inLoop(t T, h sys.Handle) (reg registration) {
	t.Helper()
	r.on(t, func() { reg = r.register(t, taskForm, h) })
	return reg
}

func callerOneHandle(t T, r *Fixture) {
	r.poll()
	r.start(t, sched.Options{})
	a, b := r.pair(t)
	passAround(t, r, r.inLoop(t, a), a, b, r.sharers(t)[:2])
}

func callerOneHandleOfGoroutine(t T, r *Fixture) {
	r.poll()
	r.start(t, sched.Options{})
	a, b := r.pair(t)
	passAround(t, r, r.register(t, goroutineForm, a), a, b, r.sharers(t)[:2])
}

func callerOneHandleOfOtherLoop(t T, r *Fixture) {
	r.poll()
	r.start(t, sched.Options{})
	a, b := r.pair(t)
	passAround(t, r, r.inLoop(t, a), a, b, r.sharers(t))
}

// servesOn checks that l calls a posted function.
func (r *Fixture) servesOn(t T, l *sched.Loop, while string) {
	t.Helper()
	called := make(chan struct{})
	if err := r.ops.post(l, func() { close(called) }); err != nil {
		t.Errorf("Post: %v", err)
		return
	}
	r.wait(t, called, "a loop calls a posted function while "+while)
}

// passAround has each kind of caller wait for a byte, and for room, before and after each other
// kind. Each also finds a byte that arrived while another kind of caller was the last to wait.
func passAround(t T, r *Fixture, reg registration, a, b sys.Handle, sharers []sharer) {
	t.Helper()
	const rounds = 3
	for i := range rounds * len(sharers) * len(sharers) {
		// Each follows each other one in turn.
		s := sharers[(i/len(sharers)+i)%len(sharers)]
		early := i%2 == 1
		if early {
			send(t, b, "x")
		}
		over := s.run(func() {
			if n, err := receive(reg, a, make([]byte, 1)); n != 1 || err != nil {
				t.Errorf("%s, in round %d: receive: %d, %v", s.name, i, n, err)
			}
		})
		if !early {
			r.settle(t)
			if s.loop != nil {
				r.servesOn(t, s.loop, s.name+" waits")
			}
			send(t, b, "x")
		}
		r.wait(t, over, s.name+" gets its byte")
	}
	// The kinds wait at once, one per direction.
	filler := make([]byte, 64<<10)
	for i, s := range sharers {
		reader := sharers[(i+1)%len(sharers)]
		for {
			if _, err := sys.Send(a, filler); err == sys.ErrWouldBlock {
				break
			} else if err != nil {
				t.Fatalf("send: %v", err)
			}
		}
		write := s.run(func() {
			for {
				_, err := sys.Send(a, filler[:1])
				if err == sys.ErrWouldBlock {
					err = reg.Wait(sys.Writable, time.Time{})
				} else if err == nil {
					return
				}
				if err != nil {
					t.Errorf("%s waits for room: %v", s.name, err)
					return
				}
			}
		})
		read := reader.run(func() {
			if n, err := receive(reg, a, make([]byte, 1)); n != 1 || err != nil {
				t.Errorf("%s, while %s waits for room: receive: %d, %v", reader.name, s.name, n, err)
			}
		})
		r.settle(t)
		send(t, b, "x")
		r.wait(t, read, reader.name+" gets its byte while "+s.name+" waits for room")
		for {
			if _, err := sys.Recv(b, filler); err == sys.ErrWouldBlock {
				if closed(write) {
					break
				}
			} else if err != nil {
				t.Fatalf("drain: %v", err)
			}
			r.fence(t)
		}
	}
}

// callerHeldLoop has a task hold its loop until a goroutine, which the task has started, has read
// what its peer sent after the goroutine began to wait.
func callerHeldLoop(t T, r *Fixture) {
	r.poll()
	r.start(t, sched.Options{})
	a, b := r.pair(t)
	reg := r.inLoop(t, a)
	r.do(t, "holds its loop", func(*sched.Task) error {
		read := r.goes(func() {
			if n, err := receive(reg, a, make([]byte, 1)); n != 1 || err != nil {
				t.Errorf("receive: %d, %v", n, err)
			}
		})
		stray := r.strays[len(r.strays)-1]
		r.until(t, stray.rests, "the goroutine waits")
		send(t, b, "x")
		r.wait(t, read, "a goroutine reads while a task holds the loop")
		return nil
	})
}

// eachWaits starts a Wait of every kind of caller in turn, calls end and expects want.
func eachWaits(t T, r *Fixture, end func(reg registration), want error) {
	t.Helper()
	for _, s := range r.sharers(t) {
		a, _ := r.pair(t)
		reg := r.inLoop(t, a)
		var ended atomic.Bool
		over := s.run(func() {
			var err error
			for range waitsMax {
				if err = reg.Wait(sys.Readable, time.Time{}); err != nil || want == nil && ended.Load() {
					break
				}
			}
			if !errors.Is(err, want) {
				t.Errorf("Wait of %s: %v, want %v", s.name, err, want)
			}
		})
		r.settle(t)
		ended.Store(true)
		end(reg)
		r.wait(t, over, "the Wait of "+s.name+" ends")
	}
}

func callerInterruptAll(t T, r *Fixture) {
	r.poll()
	r.start(t, sched.Options{})
	eachWaits(t, r, func(reg registration) { reg.Interrupt(sys.Readable) }, nil)
	// The next Wait returns, even if it is the first of its kind.
	for _, s := range r.sharers(t) {
		a, _ := r.pair(t)
		reg := r.inLoop(t, a)
		reg.Interrupt(sys.Readable)
		r.wait(t, s.run(func() {
			if err := reg.Wait(sys.Readable, time.Time{}); err != nil {
				t.Errorf("Wait of %s after Interrupt: %v", s.name, err)
			}
		}), "a Wait of "+s.name+" that begins after Interrupt returns")
	}
}

func callerCloseAll(t T, r *Fixture) {
	r.poll()
	r.start(t, sched.Options{})
	eachWaits(t, r, func(reg registration) {
		if err := reg.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}, net.ErrClosed)
	for _, s := range r.sharers(t) {
		a, _ := r.pair(t)
		reg := r.inLoop(t, a)
		if err := reg.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		r.wait(t, s.run(func() {
			if err := reg.Wait(sys.Readable, time.Time{}); !errors.Is(err, net.ErrClosed) {
				t.Errorf("Wait of %s after Close: %v, want net.ErrClosed", s.name, err)
			}
		}), "a Wait of "+s.name+" after Close returns")
	}
}

// callerSelect has each kind of caller wait for two handles of the loop.
func callerSelect(t T, r *Fixture) {
	r.poll()
	r.start(t, sched.Options{})
	a, b := r.pair(t)
	c, _ := r.pair(t)
	ready, idle := r.inLoop(t, a), r.inLoop(t, c)
	for _, s := range r.sharers(t) {
		sel := r.ops.selects(r.loop())
		sel.Wake()
		waits := make(chan struct{})
		over := s.run(func() {
			wanted := []sched.Readiness{{Source: idle, Direction: sys.Readable}, {Source: ready, Direction: sys.Readable}}
			if err := sel.Wait(nil, time.Time{}); err != nil {
				t.Errorf("Wait of %s after Wake: %v", s.name, err)
			}
			if err := sel.Wait(wanted, time.Now()); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("Wait of %s until now: %v", s.name, err)
			}
			close(waits)
			for p := make([]byte, 1); ; {
				_, err := sys.Recv(a, p)
				if err == sys.ErrWouldBlock {
					err = sel.Wait(wanted, time.Time{})
				} else if err == nil {
					return
				}
				if err != nil {
					t.Errorf("Wait of %s for two handles: %v", s.name, err)
					return
				}
			}
		})
		r.wait(t, waits, s.name+" has waited")
		r.settle(t)
		send(t, b, "x")
		r.wait(t, over, s.name+" gets its byte")
		if err := sel.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
}

// callerUnused has one kind of caller wait once. Another kind then takes many bytes, of which the
// queue of the first must not report each.
func callerUnused(t T, r *Fixture) {
	r.poll()
	r.start(t, sched.Options{})
	const bytes, most = 20, 10 // spurious events are legal
	sharers := r.sharers(t)[:2]
	for i, first := range sharers {
		a, b := r.pair(t)
		reg := r.inLoop(t, a)
		then, unused := sharers[1-i], r.queueOf([]form{taskForm, goroutineForm}[i])
		pass := func(s sharer) {
			over := s.run(func() {
				if n, err := receive(reg, a, make([]byte, 1)); n != 1 || err != nil {
					t.Errorf("%s: receive: %d, %v", s.name, n, err)
				}
			})
			r.settle(t)
			send(t, b, "x")
			r.wait(t, over, s.name+" gets its byte")
		}
		pass(first)
		reports := 0
		for range bytes {
			before := unused.reports(a)
			pass(then)
			r.fence(t)
			reports += unused.reports(a) - before
		}
		if reports > most {
			t.Errorf("the queue of %s reported a handle %d times while %s took %d bytes, want at most %d",
				first.name, reports, then.name, bytes, most)
		}
	}
}

// callerWaiterOf checks which queue gets the handle.
func callerWaiterOf(t T, r *Fixture) {
	r.start(t, sched.Options{})
	check := func(who string, of int, h sys.Handle) {
		reg, err := r.ops.everywhere(r.s).Register(h)
		if err != nil {
			t.Errorf("Register by %s: %v", who, err)
			return
		}
		defer reg.Close()
		for i := range r.s.Loops() {
			if has := r.queues[i].has(h); has != (i == of) {
				t.Errorf("a handle registered by %s: queue %d has it: %t", who, i, has)
			}
		}
	}
	for i, l := range r.s.Loops() {
		a, _ := r.pair(t)
		r.wait(t, r.spawn(t, l, context.Background(), "registers", func(*sched.Task) error {
			check("a task", i, a)
			return nil
		}), "a task registers a handle")
	}
	a, _ := r.pair(t)
	check("a goroutine", 0, a)
}

func callerSuspend(t T, r *Fixture) {
	r.poll()
	r.start(t, sched.Options{})
	for _, s := range r.sharers(t) {
		resumes := make(chan func(), 1)
		var resumed atomic.Bool
		over := s.run(func() {
			if err := r.ops.suspends(r.loop(), func(resume func()) { resumes <- resume }); err != nil {
				t.Errorf("Suspend of %s: %v", s.name, err)
			}
			if !resumed.Load() {
				t.Errorf("Suspend of %s returned before resume was called", s.name)
			}
		})
		resume := suite.Receive(t, "start is called", resumes)
		r.settle(t)
		if s.loop != nil {
			r.servesOn(t, s.loop, s.name+" is suspended")
		}
		resumed.Store(true)
		resume()
		r.wait(t, over, s.name+" is resumed")
	}
}

func callerPost(t T, r *Fixture) {
	r.poll()
	r.start(t, sched.Options{})
	const functions = 20
	var called []int
	done := make(chan struct{})
	for i := range functions {
		err := r.ops.postPoller(r.poller.Poller, func() {
			if called = append(called, i); len(called) == functions {
				close(done)
			}
		})
		if err != nil {
			t.Fatalf("Post: %v", err)
		}
	}
	r.wait(t, done, "the functions are called")
	if !slices.IsSorted(called) {
		t.Errorf("the functions were called in the order %v", called)
	}
	r.poller.stop(t, r)
	if err := r.ops.postPoller(r.poller.Poller, func() {}); !errors.Is(err, sched.ErrStopped) {
		t.Errorf("Post after the end: %v, want ErrStopped", err)
	}
}
