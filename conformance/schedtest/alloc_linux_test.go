package schedtest

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/sys"
)

// These tests are here, and not in package sched, for the evidence that a hang prints. They are not
// cases: what a process allocates is the sum over everything that runs in it.

// allocationRounds is the number of rounds per measurement. testing.AllocsPerRun rounds down, so an
// occasional allocation elsewhere in the process does not count.
const allocationRounds = 500

// onEachScheduler runs f on each scheduler in each mode, over epoll.
func onEachScheduler(t *testing.T, schedulers []scheduler, f func(t suite.T, r *Fixture)) {
	t.Helper()
	for _, scheduler := range schedulers {
		for _, mode := range modes {
			target := scheduler("epoll", openEpoll, mode)
			t.Run(target.Name, func(t *testing.T) {
				c := suite.Of(t)
				r, err := target.suite().Open(c)
				if err != nil {
					t.Fatal(err)
				}
				r.poll()
				r.start(c, sched.Options{})
				f(c, r)
			})
		}
	}
}

var allocating = []scheduler{single, sharedBy(2, "shared"), stealingBy(2, "stealing")}

// inTask calls f in a task of the first loop.
func (r *Fixture) inTask(f func()) {
	_ = r.loop().Call(context.Background(), "measures", func(*sched.Task) error {
		f()
		return nil
	})
}

// allocatesNothing checks that a round allocates nothing. where calls its argument on the
// goroutine, or in the task, that runs the rounds. The test hangs if no round ends within its
// patience.
func allocatesNothing(t suite.T, what string, where func(f func()), round func() error) {
	t.Helper()
	var rounds atomic.Int64
	var failed atomic.Bool
	measured := make(chan float64, 1)
	go where(func() {
		measured <- testing.AllocsPerRun(allocationRounds, func() {
			if failed.Load() {
				return
			}
			if err := round(); err != nil {
				failed.Store(true)
				t.Errorf("%s: %v", what, err)
			}
			rounds.Add(1)
		})
	})
	suite.Moving(t, what, func() int { return int(rounds.Load()) }, func() bool { return len(measured) == 1 })
	if allocs := <-measured; allocs != 0 {
		t.Errorf("%s: %v allocations", what, allocs)
	}
}

// bounce sends a byte on h and waits until a byte returns.
func bounce(reg registration, h sys.Handle, deadline time.Time, p []byte) error {
	if _, err := sys.Send(h, p); err != nil {
		return err
	}
	for {
		n, err := sys.Recv(h, p)
		if n == 1 {
			return nil
		}
		if err == sys.ErrWouldBlock {
			err = reg.Wait(sys.Readable, deadline)
		}
		if err != nil {
			return err
		}
	}
}

// The handler sets a timer for each wait, and the goroutine waits with a deadline.
func TestHandlersAndGoroutinesAllocateNothing(t *testing.T) {
	onEachScheduler(t, allocating, func(t suite.T, r *Fixture) {
		a, b := r.pair(t)
		buf := make([]byte, 8)
		echo := newScript(func(sched.HandlerTask, sched.Cause) sched.Next {
			for {
				n, err := sys.Recv(a, buf)
				switch {
				case err == sys.ErrWouldBlock:
					return sched.WaitFor(queue.Readable).Within(time.Hour)
				case n == 0 || err != nil:
					return sched.Done(err)
				}
				if _, err := sys.Send(a, buf[:n]); err != nil {
					return sched.Done(err)
				}
			}
		})
		r.handle(t, a, echo)
		reg := r.register(t, goroutineForm, b)
		p, deadline := make([]byte, 1), time.Now().Add(time.Hour)
		allocatesNothing(t, "round trips of a goroutine and a handler", func(f func()) { f() }, func() error { return bounce(reg, b, deadline, p) })
	})
}

func TestTasksAllocateNothing(t *testing.T) {
	onEachScheduler(t, allocating, func(t suite.T, r *Fixture) {
		a, b := r.pair(t)
		here, there := r.register(t, taskForm, a), r.register(t, taskForm, b)
		done := r.spawn(t, r.loop(), context.Background(), "echoes", func(*sched.Task) error {
			p := make([]byte, 1)
			for {
				if n, err := receive(there, b, p); n == 0 || err != nil {
					return err
				}
				if _, err := sys.Send(b, p); err != nil {
					return err
				}
			}
		})
		p := make([]byte, 1)
		allocatesNothing(t, "round trips of two tasks", r.inTask, func() error { return bounce(here, a, time.Time{}, p) })
		if err := sys.Shutdown(a, sys.ShutWriting); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		r.wait(t, done, "the other task ends")
	})
}

// A Select waits with a deadline for two handles, one of which becomes ready, and then for a Wake.
func TestASelectAllocatesNothing(t *testing.T) {
	onEachScheduler(t, []scheduler{single}, func(t suite.T, r *Fixture) {
		selectsFreely(t, r, goroutineForm, func(f func()) { f() }, r.loop().Waiter().NewSelect())
		selectsFreely(t, r, taskForm, r.inTask, r.loop().Waiter().NewSelect())
	})
}

var errNotReady = errors.New("the handle that is not ready became readable")

func selectsFreely(t suite.T, r *Fixture, f form, where func(f func()), sel sched.Select) {
	t.Helper()
	defer sel.Close()
	var wanted []sched.Readiness
	var handles, peers [2]sys.Handle
	for i := range peers {
		handles[i], peers[i] = r.pair(t)
		wanted = append(wanted, sched.Readiness{Source: r.register(t, f, handles[i]), Direction: sys.Readable})
	}
	p, deadline := make([]byte, 1), time.Now().Add(time.Hour)
	allocatesNothing(t, "waits in a Select of a "+f.name, where, func() error {
		if _, err := sys.Send(peers[1], p); err != nil {
			return err
		}
		for n := 0; n == 0; {
			if err := sel.Wait(wanted, deadline); err != nil {
				return err
			}
			if _, err := sys.Recv(handles[0], p); err != sys.ErrWouldBlock {
				return errNotReady
			}
			n, _ = sys.Recv(handles[1], p)
		}
		sel.Wake()
		return sel.Wait(nil, deadline)
	})
}
