package queuetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// Fixture is the queue under test and what a case needs around it.
type Fixture struct {
	queue.Queue
	claimed  queue.Features
	another  func(t T) queue.Queue
	bounded  func(t T) queue.Queue // another queue, which holds few operations
	patience time.Duration
	seed     uint64
}

func open(t T, target Target) (*Fixture, error) {
	manage := func(q queue.Queue, err error) (queue.Queue, error) {
		if err != nil {
			return nil, err
		}
		release := func() {
			if err := q.Close(); err != nil && !errors.Is(err, queue.ErrClosed) {
				t.Errorf("close: %v", err)
			}
		}
		t.Cleanup(release)
		t.OnHang(release)
		return q, nil
	}
	q, err := manage(target.Open())
	if err != nil {
		return nil, err
	}
	f := &Fixture{Queue: q, claimed: target.Features, patience: t.Patience(), seed: target.Seed}
	f.another = func(t T) queue.Queue {
		t.Helper()
		q, err := manage(target.Open())
		must(t, err)
		return q
	}
	f.bounded = func(t T) queue.Queue {
		t.Helper()
		q, err := manage(target.OpenBounded(bound))
		must(t, err)
		return q
	}
	if f.seed == 0 {
		f.seed = rand.Uint64()
	}
	return f, nil
}

func must(t T, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%v", err)
	}
}

// wantError fails t unless err is want.
func wantError(t T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got %v, want %v", what, err, want)
	}
}

func registration(token queue.Token, i queue.Interest, m queue.Mode) queue.Registration {
	return queue.Registration{Token: token, Interest: i, Mode: m}
}

func (f *Fixture) add(t T, e *end, token queue.Token, i queue.Interest, m queue.Mode) {
	t.Helper()
	must(t, f.Add(e.handle, registration(token, i, m)))
}

func (f *Fixture) modify(t T, e *end, token queue.Token, i queue.Interest, m queue.Mode) {
	t.Helper()
	must(t, f.Modify(e.handle, registration(token, i, m)))
}

// eventsMax is the size of the slice in waits whose size does not matter.
const eventsMax = 16

// wait returns the events of one Wait.
func (f *Fixture) wait(t T, timeout time.Duration) []queue.Event {
	t.Helper()
	events := make([]queue.Event, eventsMax)
	n, err := f.Wait(events, timeout)
	if err != nil {
		t.Fatalf("wait: %v", err)
	}
	return events[:n]
}

// expect waits until token has been reported for all directions of want, in one event or in
// several. It returns these events merged into one.
func (f *Fixture) expect(t T, token queue.Token, want queue.Interest) queue.Event {
	t.Helper()
	got := queue.Event{Token: token}
	deadline := time.Now().Add(f.patience)
	for !got.Ready.Directions().Has(want) {
		left := time.Until(deadline)
		if left <= 0 {
			t.Hang("an event of token %d for %v; got %v", token, want, got.Ready.Directions())
		}
		for _, e := range f.wait(t, left) {
			if e.Token == token {
				got.Ready |= e.Ready
				got.Disarmed |= e.Disarmed
			}
		}
	}
	return got
}

// fence returns the events of a Wait that a Wake ends and of a Wait that polls.
func (f *Fixture) fence(t T) []queue.Event {
	t.Helper()
	must(t, f.Wake())
	return append(f.wait(t, f.patience), f.wait(t, 0)...)
}

// silent fails t if token is reported.
func (f *Fixture) silent(t T, token queue.Token, why string) {
	t.Helper()
	for _, e := range f.fence(t) {
		if e.Token == token {
			t.Errorf("token %d is reported %v %s", token, e.Ready.Directions(), why)
			return
		}
	}
}

// calm fails t if token, which is switched on and not ready, is reported by every fence. A few
// spurious reports are legal.
func (f *Fixture) calm(t T, token queue.Token, why string) {
	t.Helper()
	for range 10 {
		reported := false
		for _, e := range f.fence(t) {
			reported = reported || e.Token == token
		}
		if !reported {
			return
		}
	}
	t.Errorf("token %d is reported by every Wait %s", token, why)
}

// soon runs each of fs on a goroutine and fails t unless all return within the patience.
func (f *Fixture) soon(t T, what string, fs ...func()) {
	t.Helper()
	f.start(fs...)(t, what)
}

// start runs each of fs on a goroutine. The returned function fails t unless all return within the
// patience.
func (f *Fixture) start(fs ...func()) func(t T, what string) {
	done := make(chan struct{}, len(fs))
	for _, g := range fs {
		go func() {
			defer func() { done <- struct{}{} }()
			g()
		}()
	}
	return func(t T, what string) {
		t.Helper()
		timer := time.NewTimer(f.patience)
		defer timer.Stop()
		for i := range fs {
			select {
			case <-done:
			case <-timer.C:
				t.Hang("%s: return of the remaining %d of %d", what, len(fs)-i, len(fs))
			}
		}
	}
}

// startBlocked is start, except that it returns after each of fs has blocked or ended.
func startBlocked(t T, what string, fs ...func()) func(t T, what string) {
	t.Helper()
	var calls []*suite.Call
	for _, g := range fs {
		calls = append(calls, suite.Go(g))
	}
	suite.UntilBlocked(t, what, calls...)
	return func(t T, what string) {
		t.Helper()
		for i, c := range calls {
			suite.Receive(t, fmt.Sprintf("%s: return of %d of %d", what, i+1, len(calls)), c.Ended())
		}
	}
}

// drain reads e until would-block or the end, reports that to the queue, and returns how much it
// read.
func (f *Fixture) drain(t T, e *end) (total int, ended bool) {
	t.Helper()
	p := make([]byte, 512)
	for {
		n, err := sys.Read(e.handle, p)
		switch {
		case err == sys.ErrWouldBlock:
			must(t, f.WouldBlock(e.handle, queue.Readable))
			return total, false
		case err != nil:
			t.Fatalf("read: %v", err)
		case n == 0:
			return total, true
		}
		total += n
	}
}

// fill writes to e until would-block and returns how much it wrote.
func fill(t T, e *end) (total int) {
	t.Helper()
	p := make([]byte, 4096)
	for {
		n, err := sys.Write(e.handle, p)
		if err == sys.ErrWouldBlock {
			return total
		}
		must(t, err)
		total += n
	}
}
