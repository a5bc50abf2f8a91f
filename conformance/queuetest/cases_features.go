package queuetest

import (
	"errors"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/queue"
)

func featureCases() []Case {
	return []Case{
		{
			ID: "features/claimed", Doc: "queue.Queue.Features", Rule: "Features returns what the mechanism has natively. It does not change.",
			Source: "io_uring_setup(2): a flag in the header is not a feature of the kernel", Run: featuresClaimed,
		},
		{
			ID: "features/exclusive", Doc: "queue.Registration.Exclusive", Rule: "A mechanism without Features.Exclusive refuses Registration.Exclusive. A mechanism with it keeps every other rule.", Needs: []suite.Feature{Exclusive},
			Source: "epoll_ctl(2): EPOLLEXCLUSIVE cannot be modified", Run: exclusive, Refused: exclusiveRefused,
		},
		{
			ID: "features/nested", Doc: "queue.Nester.Handle", Rule: "The handle of a Nester is readable while a Wait would return at once.", Needs: []suite.Feature{Nested},
			Source: "epoll(7)", Run: nested, Refused: nestedRefused,
		},
		{
			ID: "features/nested-wake", Doc: "queue.Nester.Handle", Rule: "The handle of a Nester is readable only while a Wait would return at once, including for a Wake.", Needs: []suite.Feature{Nested},
			Source: "epoll(7)", Run: nestedWake,
		},
	}
}

func featuresClaimed(t T, f *Fixture) {
	for range 2 {
		if got := f.Features(); got != f.claimed {
			t.Errorf("got features %+v, want the claimed %+v", got, f.claimed)
		}
		a, b := pair(t)
		b.send(t, 1)
		f.add(t, a, 1, queue.Readable, queue.Edge)
		f.expect(t, 1, queue.Readable)
	}
}

func exclusive(t T, f *Fixture) {
	for i, m := range []queue.Mode{queue.Level, queue.Edge} {
		a, b := pair(t)
		token := queue.Token(10 * i)
		r := queue.Registration{Token: token, Interest: queue.Readable, Mode: m, Exclusive: true}
		must(t, f.Add(a.handle, r))
		wantError(t, "second add", f.Add(a.handle, r), queue.ErrExists)
		b.send(t, 1)
		f.expect(t, token, queue.Readable)
		r.Token, r.Interest = token+1, queue.Both
		must(t, f.Modify(a.handle, r))
		f.expect(t, token+1, queue.Both)
		r.Token, r.Interest = token+2, queue.None
		must(t, f.Modify(a.handle, r))
		f.silent(t, token+2, "without interest")
		r.Token, r.Interest, r.Exclusive = token+3, queue.Both, false
		must(t, f.Modify(a.handle, r))
		f.expect(t, token+3, queue.Both)
		must(t, f.Delete(a.handle))
	}
}

func exclusiveRefused(t T, f *Fixture) {
	a, b := pair(t)
	f.add(t, b, 1, queue.Writable, queue.Level)
	r := queue.Registration{Token: 2, Interest: queue.Readable, Exclusive: true}
	wantError(t, "exclusive add", f.Add(a.handle, r), errors.ErrUnsupported)
	wantError(t, "delete after the refused add", f.Delete(a.handle), queue.ErrNotFound)
	wantError(t, "exclusive modify", f.Modify(b.handle, r), errors.ErrUnsupported)
	f.expect(t, 1, queue.Writable)
}

func nested(t T, f *Fixture) {
	inner, ok := f.another(t).(queue.Nester)
	if !ok {
		t.Fatalf("the queue claims Nested but is not a Nester")
	}
	a, b := pair(t)
	must(t, inner.Add(a.handle, registration(1, queue.Readable, queue.Level)))
	must(t, f.Add(inner.Handle(), registration(2, queue.Readable, queue.Level)))
	f.fence(t)
	b.send(t, 1)
	f.expect(t, 2, queue.Readable)
	events := make([]queue.Event, 1)
	if n, err := inner.Wait(events, f.patience); n != 1 || err != nil || events[0].Token != 1 {
		t.Errorf("wait of the inner queue: got %d, %v, token %d, want one event with token 1", n, err, events[0].Token)
	}
	must(t, f.Delete(inner.Handle()))
}

// nestedWake registers nothing with the inner queue: only the Wake makes its Wait return.
func nestedWake(t T, f *Fixture) {
	inner, ok := f.another(t).(queue.Nester)
	if !ok {
		t.Fatalf("the queue claims Nested but is not a Nester")
	}
	must(t, f.Add(inner.Handle(), registration(1, queue.Readable, queue.Level)))
	for range 3 {
		f.calm(t, 1, "although a Wait of the inner queue would not return")
		must(t, inner.Wake())
		f.expect(t, 1, queue.Readable)
		f.expect(t, 1, queue.Readable)
		if n, err := inner.Wait(make([]queue.Event, 1), f.patience); n != 0 || err != nil {
			t.Errorf("wait of the inner queue: got %d, %v, want 0, nil", n, err)
		}
	}
	must(t, f.Delete(inner.Handle()))
}

func nestedRefused(t T, f *Fixture) {
	if _, ok := f.Queue.(queue.Nester); ok {
		t.Errorf("the queue is a Nester but does not claim Nested")
	}
}
