package queuetest

import "github.com/edgewise-go/edgewise/queue"

func oneShotCases() []Case {
	return []Case{
		{
			ID: "oneshot/once", Doc: "queue.OneShot", Rule: "OneShot reports a direction once and switches it off; Modify switches it on.",
			Source: "epoll_ctl(2) EPOLLONESHOT, mio#808", Run: oneShotOnce,
		},
		{
			ID: "oneshot/other-direction", Doc: "queue.OneShot", Rule: "The other direction is not touched, whatever the mechanism does natively.",
			Source: "ponylang/lori#294, lori#295, lori#306", Run: oneShotOtherDirection,
		},
		{
			ID: "oneshot/other-direction-writing", Doc: "queue.OneShot", Rule: "The other direction is not touched: writing stays on after an event for reading.",
			Source: "ponylang/lori#306", Run: oneShotWriting,
		},
		{
			ID: "oneshot/told-once", Doc: "queue.OneShot", Rule: "OneShot reports a direction once: unread bytes are not reported repeatedly.",
			Source: "epoll_ctl(2) EPOLLONESHOT", Run: oneShotToldOnce,
		},
		{
			ID: "oneshot/arrival-while-off", Doc: "queue.Queue.Modify", Rule: "Modify re-checks readiness: data that arrived while the direction was off is reported.",
			Source: "mio#394", Run: oneShotArrival,
		},
		{
			ID: "oneshot/hang-up-while-off", Doc: "queue.OneShot", Rule: "A direction that is switched off reports nothing, not even a hang-up. Modify then reports it.",
			Source: "epoll_ctl(2); wepoll oneshot-and-hangup", Run: oneShotHangUp,
		},
	}
}

func oneShotOnce(t T, f *Fixture) {
	a, b := pair(t)
	f.add(t, a, 1, queue.Readable, queue.OneShot)
	for range 3 {
		b.send(t, 1)
		f.expect(t, 1, queue.Readable)
		f.silent(t, 1, "again although it is switched off")
		b.send(t, 1)
		f.silent(t, 1, "when more arrives although it is switched off")
		must(t, f.WouldBlock(a.handle, queue.Readable))
		f.silent(t, 1, "after WouldBlock, which affects only mode Edge")
		f.modify(t, a, 1, queue.Readable, queue.OneShot)
	}
}

func oneShotOtherDirection(t T, f *Fixture) {
	a, b := pair(t)
	f.add(t, a, 1, queue.Both, queue.OneShot)
	for range 3 {
		f.expect(t, 1, queue.Writable)
		b.send(t, 1)
		e := f.expect(t, 1, queue.Readable)
		if e.Ready.Directions() != queue.Readable {
			t.Errorf("got a report of %v, want only reading, which is switched on", e.Ready.Directions())
		}
		f.silent(t, 1, "although both directions are switched off")
		f.drain(t, a)
		f.modify(t, a, 1, queue.Both, queue.OneShot)
	}
}

func oneShotWriting(t T, f *Fixture) {
	for range 3 {
		a, b := pair(t)
		sent := f.fillUpFirst(t, a)
		f.add(t, a, 2, queue.Both, queue.OneShot)
		b.send(t, 1)
		e := f.expect(t, 2, queue.Readable)
		f.drain(t, a)
		f.read(t, b, sent)
		if !e.Disarmed.Has(queue.Writable) {
			f.expect(t, 2, queue.Writable)
		}
		must(t, f.Delete(a.handle))
	}
}

// fillUpFirst fills e before the case registers it.
func (f *Fixture) fillUpFirst(t T, e *end) int {
	t.Helper()
	f.add(t, e, 1, queue.Writable, queue.Edge)
	sent := f.fillUp(t, e, 1)
	must(t, f.Delete(e.handle))
	return sent
}

func oneShotToldOnce(t T, f *Fixture) {
	a, b := pair(t)
	f.add(t, a, 1, queue.Readable, queue.OneShot)
	for range 2 {
		b.send(t, 1)
		f.expect(t, 1, queue.Readable)
		if n := f.reports(t, 1); n > 0 {
			t.Errorf("reported in %d turns of %d although it is switched off", n, turns)
		}
		f.drain(t, a)
		f.modify(t, a, 1, queue.Readable, queue.OneShot)
	}
}

func oneShotArrival(t T, f *Fixture) {
	a, b := pair(t)
	f.add(t, a, 1, queue.Readable, queue.OneShot)
	for token := queue.Token(1); token < 4; token++ {
		b.send(t, 1)
		f.expect(t, token, queue.Readable)
		f.drain(t, a)
		b.send(t, 1)
		f.modify(t, a, token+1, queue.Readable, queue.OneShot)
		f.expect(t, token+1, queue.Readable)
		f.drain(t, a)
		f.modify(t, a, token+1, queue.Readable, queue.OneShot)
	}
}

func oneShotHangUp(t T, f *Fixture) {
	a, b := pair(t)
	b.send(t, 1)
	f.add(t, a, 1, queue.Readable, queue.OneShot)
	f.expect(t, 1, queue.Readable)
	b.close(t)
	f.silent(t, 1, "when the peer hangs up although it is switched off")
	f.modify(t, a, 2, queue.Readable, queue.OneShot)
	f.expect(t, 2, queue.Readable)
}
