package queuetest

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

func waitCases() []Case {
	cases := []Case{
		{
			ID: "wait/no-room", Doc: "queue.Queue.Wait", Rule: "Wait returns ErrInvalid if events is empty.",
			Source: "epoll_wait(2): maxevents must be greater than zero", Run: waitNoRoom,
		},
		{
			ID: "wait/polls", Doc: "queue.Queue.Wait", Rule: "A timeout of zero polls.",
			Source: "epoll_wait(2)", Run: waitPolls,
		},
		{
			ID: "wait/not-early", Doc: "queue.Queue.Wait", Rule: "Wait blocks until at least one registration is ready, Wake is called, or timeout has passed.",
			Source: "mio 9830fca2 (below a millisecond)", Run: waitNotEarly,
		},
		{
			ID: "wait/longest", Doc: "queue.Queue.Wait", Rule: "A timeout may be as long as a Duration can be; a negative one waits indefinitely.",
			Source: "mio#1948, mio d555991f", Run: waitLongest,
		},
		{
			ID: "wait/signals", Doc: "queue.Queue.Wait", Rule: "A signal does not end the wait, which continues with the remaining time.",
			Source: "netpoll#212, polling#164, netty 70d4488e", Needs: []suite.Feature{Signals}, Run: waitSignals,
		},
		{
			ID: "wait/registered-meanwhile", Doc: "queue.Queue.Wait", Rule: "A blocked Wait reports a handle that is registered meanwhile.",
			Source: "mio 6b25a424, epoll_wait(2)", Run: waitRegisteredMeanwhile,
		},
	}
	return append(cases, perMode(Case{
		ID: "no-allocation", Doc: "queue.OneShot", Alone: true, Rule: "A wait, its events and switching on again allocate nothing.",
		Source: "one allocation per event causes a garbage collection per second at a million events",
	}, noAllocation)...)
}

func waitNoRoom(t T, f *Fixture) {
	_, err := f.Wait(nil, 0)
	wantError(t, "wait for no events", err, queue.ErrInvalid)
	a, _ := pair(t)
	f.add(t, a, 1, queue.Writable, queue.OneShot)
	_, err = f.Wait([]queue.Event{}, -1)
	wantError(t, "wait for no events", err, queue.ErrInvalid)
	f.expect(t, 1, queue.Writable)
}

func waitPolls(t T, f *Fixture) {
	a, b := pair(t)
	f.add(t, a, 1, queue.Readable, queue.Level)
	f.soon(t, "a poll with nothing ready", func() {
		for range 3 {
			if _, err := f.Wait(make([]queue.Event, 1), 0); err != nil {
				t.Errorf("poll: %v", err)
			}
		}
	})
	b.send(t, 1)
	// A mechanism that learns of readiness from a completion may need a moment.
	suite.Until(t, "a poll that finds a ready handle", func() bool {
		return slices.ContainsFunc(f.wait(t, 0), func(e queue.Event) bool {
			return e.Token == 1 && e.Ready.Directions() == queue.Readable
		})
	})
}

func waitNotEarly(t T, f *Fixture) {
	for _, c := range []struct {
		timeout time.Duration
		// A Wait that ends early may appear to last if its thread loses the processor. At least one
		// of many does not.
		times int
	}{
		{1, 1}, {499 * time.Microsecond, 20}, {1500 * time.Microsecond, 10}, {30 * time.Millisecond, 1},
	} {
		f.soon(t, "waits of "+c.timeout.String(), func() {
			shortest := time.Duration(math.MaxInt64)
			for range c.times {
				begin := time.Now()
				n, err := f.Wait(make([]queue.Event, 1), c.timeout)
				if n != 0 || err != nil {
					t.Errorf("wait of %v with nothing registered: got %d, %v, want 0, nil", c.timeout, n, err)
				}
				shortest = min(shortest, time.Since(begin))
			}
			if shortest < c.timeout {
				t.Errorf("wait of %v ended early, after %v", c.timeout, shortest)
			}
		})
	}
}

func waitLongest(t T, f *Fixture) {
	// A Wait that ends by itself after the case saw it block leaves its Wake to the next Wait. The
	// next Wait then does not block, hence the extra one.
	for _, timeout := range []time.Duration{1 << 62, math.MaxInt64, math.MinInt64, -1, -1} {
		call := suite.Go(func() {
			if n, err := f.Wait(make([]queue.Event, 1), timeout); n != 0 || err != nil {
				t.Errorf("wait of %d ns: got %d, %v, want 0, nil", timeout, n, err)
			}
		})
		suite.UntilBlocked(t, fmt.Sprintf("a blocked wait of %d ns", timeout), call)
		if call.HasEnded() {
			t.Fatalf("a wait of %d ns ended at once, or the previous one ended by itself", timeout)
		}
		must(t, f.Wake())
		suite.Receive(t, "return of a wait that was woken", call.Ended())
	}
}

// signalsTimeout is many times the period of the signals: a wait that restarts with its full
// timeout at each signal never ends.
const signalsTimeout = 60 * time.Millisecond

func waitSignals(t T, f *Fixture) {
	const timeout = signalsTimeout
	f.soon(t, "a wait under signals", func() {
		underSignals(func() {
			begin := time.Now()
			n, err := f.Wait(make([]queue.Event, 1), timeout)
			if n != 0 || err != nil {
				t.Errorf("wait under signals: got %d, %v, want 0, nil", n, err)
			}
			if took := time.Since(begin); took < timeout {
				t.Errorf("wait of %v under signals ended early, after %v", timeout, took)
			}
		})
	})
}

func waitRegisteredMeanwhile(t T, f *Fixture) {
	for i, m := range modes {
		a, _ := pair(t)
		token := queue.Token(i + 1)
		await := startBlocked(t, "a blocked wait with nothing registered", func() {
			var one [1]queue.Event
			if n, err := f.Wait(one[:], f.patience); n != 1 || err != nil || one[0].Token != token {
				t.Errorf("%v: got %d, %v, token %d; want the event of the handle registered meanwhile", m, n, err, one[0].Token)
			}
		})
		f.add(t, a, token, queue.Writable, m)
		await(t, "a wait")
		must(t, f.Delete(a.handle))
	}
}

func noAllocation(t T, f *Fixture, m queue.Mode) {
	a, b := pair(t)
	f.add(t, a, 1, queue.Both, m)
	events := make([]queue.Event, 4)
	p := make([]byte, 16)
	least := uint64(math.MaxUint64)
	// Other goroutines may also allocate, but not every time.
	for tries := 0; tries < 1000 && least > 0; tries++ {
		b.send(t, 1)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		n, err := f.Wait(events, f.patience)
		if err == nil {
			_, err = sys.Read(a.handle, p)
			if err == nil || err == sys.ErrWouldBlock {
				err = f.WouldBlock(a.handle, queue.Readable)
			}
			if err == nil && m == queue.OneShot {
				err = f.Modify(a.handle, queue.Registration{Token: 1, Interest: queue.Both, Mode: m})
			}
		}
		runtime.ReadMemStats(&after)
		must(t, err)
		if n == 0 {
			t.Fatalf("got no event of a byte")
		}
		least = min(least, after.Mallocs-before.Mallocs)
	}
	if least > 0 {
		t.Errorf("a wait and its event allocate at least %d times", least)
	}
}
