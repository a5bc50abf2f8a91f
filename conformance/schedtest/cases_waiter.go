package schedtest

import (
	"errors"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/sys"
)

const (
	interruptRule = "Interrupt makes the running Wait in direction d, or else the next one, return nil, so that its caller checks for a changed deadline."
	closeRule     = "Close ends the registration and makes a running Wait return net.ErrClosed."
	waitRule      = "Wait suspends the caller until an operation in direction d is worth trying again, or until deadline. The zero time means no deadline."
)

// waiterCases are the rules of a registration, for a caller that waits in form f.
func waiterCases(f form) []Case {
	var cs []Case
	add := func(id, rule, source string, run func(t T, r *Fixture, f form)) {
		cs = append(cs, Case{ID: f.name + "-wait/" + id, Doc: "stream.Source", Rule: rule, Source: source,
			Run: f.run(run)})
	}
	add("wakes", waitRule, "epoll(7)", waitWakes)
	add("ready-before-park", "Wait declares the loss of readiness and arms interest again.",
		"smol 134, tokio poll_readiness: readiness between would-block and park", waitReadyBeforePark)
	add("spurious", "Spurious returns are legal.", "tokio 7494: a spurious readiness treated as a fact", waitSpurious)
	add("busy", "ErrBusy reports that another task waits for the same direction of the same handle.", "libxev: the second registration replaces the first", waitBusy)
	add("both-directions", "Two callers may wait at once, one per direction.", "full duplex", waitBoth)
	add("deadline", waitRule, "net.Conn", waitDeadline)
	add("deadline-races-event", waitRule, "cloudwego/netpoll 289: a timeout and the event at the same time", waitDeadlineRace)
	add("deadline-before-event", waitRule, "cloudwego/netpoll 289: a timeout and the event at the same time", waitDeadlineFirst)
	add("interrupt-while-waiting", interruptRule, "net.Conn.SetDeadline", waitInterruptRunning)
	add("interrupt-before", interruptRule, "net.Conn.SetDeadline", waitInterruptNext)
	add("interrupt-races", interruptRule, "net.Conn.SetDeadline during Read", waitInterruptRaces)
	add("close-wakes", closeRule, "cloudwego/netpoll 140: close while another goroutine reads", waitCloseWakes)
	add("close-races", closeRule, "cloudwego/netpoll 140: close while another goroutine reads", waitCloseRaces)
	add("number-reused", "Any goroutine may call Close. It returns before the handle's number can be used again.",
		"libuv 266, netty e348bd92, gnet 621: an event for the previous connection", waitNumberReused)
	return cs
}

func waitWakes(t T, r *Fixture, f form) {
	r.start(t, sched.Options{})
	a, b := r.pair(t)
	reg := r.register(t, f, a)
	const rounds = 50
	received := make(chan struct{})
	reader := f.spawn(t, r, func(func()) {
		for range rounds {
			if _, err := receive(reg, a, make([]byte, 8)); err != nil {
				t.Errorf("receive: %v", err)
				return
			}
			received <- struct{}{}
		}
	})
	for range rounds {
		r.settle(t)
		send(t, b, "x")
		r.wait(t, received, "a byte wakes the reader")
	}
	r.wait(t, reader, "the reader ends")
}

func waitReadyBeforePark(t T, r *Fixture, f form) {
	r.start(t, sched.Options{})
	a, b := r.pair(t)
	reg := r.register(t, f, a)
	var rounds atomic.Int64
	done := f.spawn(t, r, func(fence func()) {
		p := make([]byte, 1)
		for range r.rounds(100) {
			rounds.Add(1)
			if _, err := sys.Recv(a, p); err != sys.ErrWouldBlock {
				t.Errorf("receive: %v, want would-block", err)
			}
			send(t, b, "x")
			fence()
			if _, err := receive(reg, a, p); err != nil {
				t.Errorf("receive: %v", err)
			}
			if _, err := sys.Recv(a, p); err != sys.ErrWouldBlock {
				t.Errorf("receive: %v, want would-block", err)
			}
			send(t, b, "x")
			fence()
			// There is no try in between: the readiness came after the last would-block.
			if err := reg.Wait(sys.Readable, time.Time{}); err != nil {
				t.Errorf("Wait: %v", err)
			}
			if _, err := receive(reg, a, p); err != nil {
				t.Errorf("receive: %v", err)
			}
		}
	})
	r.waitMoving(t, done, "readiness that came before the park ends it", &rounds)
}

// waitSpurious reports events without a cause while a reader waits, and one more after it has read.
// The reader then waits until a time in the past, so each Wait ends at once.
func waitSpurious(t T, r *Fixture, f form) {
	r.start(t, sched.Options{})
	a, b := r.pair(t)
	reg := r.register(t, f, a)
	const forged = 10
	forge := func() {
		if err := r.queueOf(f).report(a, queue.Ready(queue.Readable)); err != nil {
			t.Errorf("Wake: %v", err)
		}
	}
	done := f.spawn(t, r, func(fence func()) {
		p := make([]byte, 1)
		n, err := 0, error(nil)
		for range 10 * waitsMax {
			if n, err = sys.Recv(a, p); err != sys.ErrWouldBlock {
				break
			}
			if err := reg.Wait(sys.Readable, time.Time{}); err != nil {
				t.Errorf("Wait: %v", err)
				return
			}
		}
		if n != 1 || err != nil {
			t.Errorf("receive: %d, %v", n, err)
			return
		}
		forge()
		fence() // it has arrived, and so have the spurious ones
		told := 0
		for range waitsMax {
			switch err := reg.Wait(sys.Readable, time.Unix(0, 0)); {
			case err == nil:
				told++
			case !errors.Is(err, os.ErrDeadlineExceeded):
				t.Errorf("Wait with a deadline in the past: %v", err)
				return
			}
		}
		if told > 3*forged {
			t.Errorf("%d of %d waits returned for at most %d spurious events", told, waitsMax, forged+1)
		}
	})
	for range forged {
		r.settle(t)
		forge()
	}
	r.settle(t)
	send(t, b, "x")
	r.wait(t, done, "the real event wakes the reader")
}

func waitBusy(t T, r *Fixture, f form) {
	r.start(t, sched.Options{})
	a, b := r.pair(t)
	reg := r.register(t, f, a)
	first := f.spawn(t, r, func(fence func()) {
		// The other caller may briefly wait before this one does.
		_, err := receive(reg, a, make([]byte, 1))
		r.keeps(t, "the second caller lets the first wait", func() bool {
			if !errors.Is(err, sched.ErrBusy) {
				return false
			}
			fence()
			_, err = receive(reg, a, make([]byte, 1))
			return true
		})
		if err != nil {
			t.Errorf("the first: %v", err)
		}
	})
	r.settle(t)
	second := f.spawn(t, r, func(fence func()) {
		r.keeps(t, "a second Wait in the same direction returns ErrBusy", func() bool {
			// Spurious returns are legal here, and the first caller may be about to try again.
			if err := reg.Wait(sys.Readable, time.Now().Add(time.Millisecond)); errors.Is(err, sched.ErrBusy) {
				return false
			}
			fence()
			return true
		})
	})
	r.wait(t, second, "the second Wait returns")
	send(t, b, "x")
	r.wait(t, first, "the first Wait returns")
}

func waitBoth(t T, r *Fixture, f form) {
	r.start(t, sched.Options{})
	a, b := r.pair(t)
	reg := r.register(t, f, a)
	filler := make([]byte, 64<<10)
	filled := make(chan struct{})
	writer := f.spawn(t, r, func(fence func()) {
		for range waitsMax {
			if _, err := sys.Send(a, filler); err == sys.ErrWouldBlock {
				break
			}
		}
		fence()
		close(filled)
		for range waitsMax {
			if err := reg.Wait(sys.Writable, time.Time{}); err != nil {
				t.Errorf("the writer's Wait: %v", err)
				return
			}
			if n, _ := sys.Send(a, filler[:1]); n == 1 {
				return
			}
		}
		t.Errorf("the writer was woken in vain %d times", waitsMax)
	})
	r.wait(t, filled, "the socket is full")
	const rounds = 20
	received := make(chan struct{}, rounds)
	reader := f.spawn(t, r, func(func()) {
		for range rounds {
			if _, err := receive(reg, a, make([]byte, 1)); err != nil {
				t.Errorf("the reader: %v", err)
				return
			}
			received <- struct{}{}
		}
	})
	for range rounds {
		r.settle(t)
		send(t, b, "x")
		r.wait(t, received, "the reader is woken while another waits to write")
	}
	r.wait(t, reader, "the reader ends")
	for {
		if _, err := sys.Recv(b, filler); err != nil {
			break
		}
	}
	r.wait(t, writer, "the writer is woken")
}

// spuriousMax bounds the legal returns without a cause that a case accepts before it reports that
// the waiter makes no progress.
const spuriousMax = 100

// checkDeadline checks that a Wait on a silent handle ends after d, and not before.
func checkDeadline(t T, reg registration, d time.Duration) {
	t.Helper()
	deadline := time.Now().Add(d)
	err := reg.Wait(sys.Readable, deadline)
	for tries := 0; err == nil && tries < spuriousMax; tries++ {
		err = reg.Wait(sys.Readable, deadline)
	}
	if late := time.Since(deadline); !errors.Is(err, os.ErrDeadlineExceeded) || late < 0 {
		t.Errorf("Wait for %v returned %v, %v after the deadline", d, err, late)
	}
}

func waitDeadline(t T, r *Fixture, f form) {
	r.start(t, sched.Options{})
	a, b := r.pair(t)
	reg := r.register(t, f, a)
	r.wait(t, f.spawn(t, r, func(func()) {
		for _, d := range durations {
			checkDeadline(t, reg, d)
		}
		send(t, b, "x")
		if err := reg.Wait(sys.Readable, time.Now().Add(time.Hour)); err != nil {
			t.Errorf("Wait for a ready handle: %v", err)
		}
	}), "waits with a deadline return")
}

func waitDeadlineRace(t T, r *Fixture, f form) {
	r.start(t, sched.Options{})
	a, b := r.pair(t)
	reg := r.register(t, f, a)
	rounds := r.rounds(300)
	// The event comes at the deadline, shortly before it, or immediately and long before it.
	const before, longBefore = 200 * time.Microsecond, 20 * time.Second
	ready := make(chan time.Time)
	sender := r.goes(func() {
		for at := range ready {
			for time.Now().Before(at) {
				continue
			}
			if _, err := sys.Send(b, []byte("x")); err != nil {
				t.Errorf("send: %v", err)
			}
		}
	})
	var begun atomic.Int64
	done := f.spawn(t, r, func(func()) {
		defer close(ready)
		p := make([]byte, 1)
		for i := range rounds {
			begun.Add(1)
			if _, err := sys.Recv(a, p); err != sys.ErrWouldBlock {
				t.Errorf("receive: %v, want would-block", err)
				return
			}
			deadline := time.Now().Add(before)
			at := deadline.Add(-before / 4 * time.Duration(i%5))
			if i%5 == 4 {
				deadline = deadline.Add(longBefore)
			}
			ready <- at
			if err := reg.Wait(sys.Readable, deadline); err != nil {
				if !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("Wait: %v", err)
				}
				// There is no try in between: the event has not been reported, and must still come.
				if err := reg.Wait(sys.Readable, time.Time{}); err != nil {
					t.Errorf("Wait after a deadline: %v", err)
					return
				}
			}
			if _, err := receive(reg, a, p); err != nil {
				t.Errorf("receive: %v", err)
				return
			}
		}
	})
	r.waitMoving(t, done, "an event that comes at the deadline ends a Wait", &begun)
	r.wait(t, sender, "the sender ends")
}

// waitDeadlineFirst holds an event between the queue and the loop until the deadline has passed.
func waitDeadlineFirst(t T, r *Fixture, f form) {
	r.start(t, sched.Options{})
	a, b := r.pair(t)
	reg := r.register(t, f, a)
	const before = 4 * time.Millisecond
	r.fence(t) // the first events of an edge
	for range 3 {
		begun := make(chan time.Time, 1)
		done := f.spawn(t, r, func(func()) {
			p := make([]byte, 1)
			if _, err := sys.Recv(a, p); err != sys.ErrWouldBlock {
				t.Errorf("receive: %v, want would-block", err)
			}
			deadline := time.Now().Add(before)
			begun <- deadline
			err := reg.Wait(sys.Readable, deadline)
			if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("Wait: %v", err)
			}
			if err != nil {
				err = reg.Wait(sys.Readable, time.Time{})
			}
			if err == nil {
				_, err = receive(reg, a, p)
			}
			if err != nil {
				t.Errorf("Wait and receive after the deadline: %v", err)
			}
		})
		deadline := suite.Receive(t, "the Wait begins", begun)
		h := r.queueOf(f).holdEvents()
		send(t, b, "x")
		released := sync.OnceFunc(func() { close(h.release) })
		defer released()
		// A Wait that an earlier event ends finds the byte without another event.
		r.until(t, func() bool { return closed(h.held) || closed(done) }, "the loop takes the event from its queue")
		for time.Now().Before(deadline) {
			runtime.Gosched()
		}
		released()
		r.wait(t, done, "an event that the loop takes before the deadline ends a Wait after it")
	}
}
