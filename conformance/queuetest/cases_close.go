package queuetest

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/queue"
)

func closeCases() []Case {
	return []Case{
		{
			ID: "close/ends-waits", Doc: "queue.Queue.Close", Rule: "Every Wait, running or new, returns ErrClosed.",
			Source: "netty 76592db0, libuv fe7ee4a6", Run: closeEndsWaits,
		},
		{
			ID: "close/every-call", Doc: "queue.Queue.Close", Rule: "So does every other call, including a second Close.",
			Source: "libuv#2231", Run: closedQueue,
		},
		{
			ID: "close/handles-stay", Doc: "queue.Queue.Close", Rule: "Registered handles stay open.",
			Source: "gaio 23e468d", Run: closeKeepsHandles,
		},
		{
			ID: "close/races", Doc: "queue.Queue", Rule: "All methods may be called from any goroutine at any time: concurrently with Close they complete or return ErrClosed.",
			Source: "libuv fe7ee4a6, netty 76592db0", Run: closeRaces,
		},
	}
}

func closeEndsWaits(t T, f *Fixture) {
	a, _ := pair(t)
	f.add(t, a, 1, queue.Readable, queue.Level)
	var waits []func()
	for i := range 4 {
		timeout := []time.Duration{-1, time.Hour}[i%2]
		waits = append(waits, func() {
			var err error
			for tries := 0; err == nil && tries < 10; tries++ { // events may be spurious
				_, err = f.Wait(make([]queue.Event, 1), timeout)
			}
			wantError(t, "wait during Close", err, queue.ErrClosed)
		})
	}
	await := startBlocked(t, "blocked waits with nothing to report", waits...)
	f.soon(t, "close", func() {
		if err := f.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	await(t, "waits during Close")
}

func closedQueue(t T, f *Fixture) {
	a, _ := pair(t)
	b, _ := pair(t)
	f.add(t, a, 1, queue.Writable, queue.Level)
	must(t, f.Wake())
	must(t, f.Close())
	r := registration(1, queue.Writable, queue.Level)
	wantError(t, "add", f.Add(b.handle, r), queue.ErrClosed)
	wantError(t, "modify", f.Modify(a.handle, r), queue.ErrClosed)
	// Arguments that an open queue refuses make no difference.
	for _, r := range []queue.Registration{{Interest: queue.Both + 1}, {Mode: queue.OneShot + 1}, {Mode: queue.OneShot, Exclusive: true}} {
		wantError(t, "add with invalid arguments", f.Add(b.handle, r), queue.ErrClosed)
		wantError(t, "modify with invalid arguments", f.Modify(a.handle, r), queue.ErrClosed)
	}
	wantError(t, "would block", f.WouldBlock(a.handle, queue.Writable), queue.ErrClosed)
	wantError(t, "delete", f.Delete(a.handle), queue.ErrClosed)
	wantError(t, "wake", f.Wake(), queue.ErrClosed)
	for _, timeout := range []time.Duration{0, time.Millisecond, -1} {
		_, err := f.Wait(make([]queue.Event, 1), timeout)
		wantError(t, "wait", err, queue.ErrClosed)
	}
	_, err := f.Wait(nil, 0)
	wantError(t, "wait without room", err, queue.ErrClosed)
	wantError(t, "second close", f.Close(), queue.ErrClosed)
}

func closeKeepsHandles(t T, f *Fixture) {
	a, b := pair(t)
	f.add(t, a, 1, queue.Both, queue.Edge)
	must(t, f.Close())
	a.send(t, 1)
	b.send(t, 1)
	f.read(t, a, 1)
}

// A case closes closeRounds queues during calls, and closeRoundsFull with suite.Full.
const (
	closeRounds     = 2
	closeRoundsFull = 5
)

func closeRaces(t T, f *Fixture) {
	rounds := closeRounds
	if suite.Full() {
		rounds = closeRoundsFull
	}
	for range rounds {
		q := f.another(t)
		var calls atomic.Int64
		var over atomic.Bool
		t.Cleanup(func() { over.Store(true) })
		// repeat returns a function that calls g until g returns an error, which must be ErrClosed,
		// or the case is over.
		repeat := func(what string, g func() error) func() {
			return func() {
				for !over.Load() {
					if err := g(); errors.Is(err, queue.ErrClosed) {
						return
					} else if err != nil {
						t.Errorf("%s during Close: got %v, want nil or ErrClosed", what, err)
						return
					}
					calls.Add(1)
				}
			}
		}
		register := func(m queue.Mode) func() {
			a, b := pair(t)
			b.send(t, 1)
			return repeat("registering", func() error {
				if err := q.Add(a.handle, registration(1, queue.Both, m)); err != nil {
					return err
				}
				if err := q.Modify(a.handle, registration(2, queue.Readable, m)); err != nil {
					return err
				}
				if err := q.WouldBlock(a.handle, queue.Readable); err != nil {
					return err
				}
				return q.Delete(a.handle)
			})
		}
		wait := func() error {
			_, err := q.Wait(make([]queue.Event, 4), -1)
			return err
		}
		await := f.start(register(queue.Level), register(queue.Edge), register(queue.OneShot),
			repeat("wake", q.Wake), repeat("wait", wait), repeat("wait", wait))
		suite.Moving(t, "calls before Close", func() int { return int(calls.Load()) }, func() bool { return calls.Load() >= 200 })
		f.soon(t, "close", func() {
			if err := q.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
		})
		await(t, "calls during Close")
	}
}
