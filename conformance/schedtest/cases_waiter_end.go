package schedtest

import (
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/sys"
)

func waitInterruptRunning(t T, r *Fixture, f form) {
	r.start(t, sched.Options{})
	a, _ := r.pair(t)
	reg := r.register(t, f, a)
	for range 20 {
		const d = sys.Readable
		var interrupted atomic.Bool
		done := f.spawn(t, r, func(func()) {
			for range waitsMax {
				if err := reg.Wait(d, time.Time{}); err != nil {
					t.Errorf("Wait: %v", err)
				}
				if interrupted.Load() {
					return
				}
			}
			t.Errorf("Wait returned %d times without a cause", waitsMax)
		})
		r.settle(t)
		interrupted.Store(true)
		reg.Interrupt(d)
		r.wait(t, done, "an interrupted Wait returns")
	}
}

func waitInterruptNext(t T, r *Fixture, f form) {
	r.start(t, sched.Options{})
	a, _ := r.pair(t)
	reg := r.register(t, f, a)
	reg.Interrupt(sys.Readable)
	reg.Interrupt(sys.Readable)
	r.fence(t)
	r.wait(t, f.spawn(t, r, func(func()) {
		if err := reg.Wait(sys.Readable, time.Time{}); err != nil {
			t.Errorf("Wait: %v", err)
		}
	}), "a Wait that begins after Interrupt returns")
}

func waitInterruptRaces(t T, r *Fixture, f form) {
	r.start(t, sched.Options{})
	a, _ := r.pair(t)
	reg := r.register(t, f, a)
	rounds := int64(r.rounds(3000))
	var told atomic.Int64 // what the waiter must check
	seen := make(chan int64, 1)
	done := f.spawn(t, r, func(func()) {
		for last := int64(0); last < rounds; {
			now := told.Load()
			if now > last { // one Interrupt may cover several
				last = now
				seen <- now
				continue
			}
			if err := reg.Wait(sys.Readable, time.Time{}); err != nil {
				t.Errorf("Wait: %v", err)
				return
			}
		}
	})
	for i := int64(1); i <= rounds; i++ {
		told.Store(i)
		reg.Interrupt(sys.Readable)
		suite.Receive(t, fmt.Sprintf("interrupt %d of %d ends a Wait", i, rounds), seen)
	}
	r.wait(t, done, "the waiter ends")
}

func waitCloseWakes(t T, r *Fixture, f form) {
	r.start(t, sched.Options{})
	a, _ := r.pair(t)
	for range waitsMax {
		if _, err := sys.Send(a, make([]byte, 64<<10)); err != nil {
			break // full: both directions will wait
		}
	}
	reg := r.register(t, f, a)
	var waiting []<-chan struct{}
	for d := sys.Readable; d <= sys.Writable; d++ {
		waiting = append(waiting, f.spawn(t, r, func(func()) {
			var err error
			for range waitsMax {
				if err = reg.Wait(d, time.Time{}); err != nil {
					break
				}
			}
			if !errors.Is(err, net.ErrClosed) {
				t.Errorf("Wait: %v, want net.ErrClosed", err)
			}
			if err := reg.Wait(d, time.Time{}); !errors.Is(err, net.ErrClosed) {
				t.Errorf("Wait after Close: %v, want net.ErrClosed", err)
			}
		}))
	}
	r.settle(t)
	for range 2 {
		if err := reg.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	for _, done := range waiting {
		r.wait(t, done, "a Wait returns after Close")
	}
}

func waitCloseRaces(t T, r *Fixture, f form) {
	r.start(t, sched.Options{})
	a, _ := r.pair(t)
	for range r.rounds(400) {
		reg, err := f.register(&r.ops, r.loop(), a)
		if err != nil {
			t.Fatalf("Register: %v", err)
		}
		done := f.spawn(t, r, func(func()) {
			var err error
			for range waitsMax {
				if err = reg.Wait(sys.Readable, time.Time{}); err != nil {
					break
				}
			}
			if !errors.Is(err, net.ErrClosed) {
				t.Errorf("Wait: %v, want net.ErrClosed", err)
			}
		})
		if err := reg.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		r.wait(t, done, "Wait returns after Close")
	}
}

func waitNumberReused(t T, r *Fixture, f form) {
	r.start(t, sched.Options{})
	cycles := r.rounds(200)
	stale := 0
	for range cycles {
		a, b, err := sys.SocketPair()
		if err != nil {
			t.Fatalf("socketpair: %v", err)
		}
		reg, err := f.register(&r.ops, r.loop(), a)
		if err != nil {
			t.Fatalf("Register: %v", err)
		}
		r.wait(t, f.spawn(t, r, func(fence func()) {
			fence() // an event of the previous connection is there by now
			err := reg.Wait(sys.Readable, time.Now().Add(time.Millisecond))
			if err == nil {
				stale++
			}
			send(t, b, "x") // an event that no caller waits for
		}), "the Wait of a cycle returns")
		if err := errors.Join(reg.Close(), sys.Close(a), sys.Close(b)); err != nil {
			t.Errorf("close: %v", err)
		}
	}
	// A few may be spurious for other reasons. One per cycle would be an event of the previous
	// connection.
	if stale > cycles/4 {
		t.Errorf("Wait returned without a cause in %d of %d cycles", stale, cycles)
	}
}
