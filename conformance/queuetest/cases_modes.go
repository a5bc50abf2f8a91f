package queuetest

import (
	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

func modeCases() []Case {
	var cases []Case
	for _, group := range [][]Case{
		perMode(Case{
			ID: "ready-at-add", Doc: "queue.Queue.Add", Rule: "The registration reports h at once if it is ready.",
			Source: "mio#394",
		}, readyAtAdd),
		perMode(Case{
			ID: "becomes-ready", Doc: "queue.Queue.Wait", Rule: "Wait blocks until at least one registration is ready.",
			Source: "poll(2), epoll(7)",
		}, becomesReady),
		perMode(Case{
			ID: "modify", Doc: "queue.Queue.Modify", Rule: "Modify replaces the whole registration of h, including the token, and re-checks readiness. If h is ready for an interest of r, every mode reports it again.",
			Source: "netty and asio rely on EPOLL_CTL_MOD; kqueue(2) EV_ADD; mio#394",
		}, modifyReportsAgain),
		perMode(Case{
			ID: "disarmed", Doc: "queue.Event.Disarmed", Rule: "Disarmed holds the directions that this event switched off: those of Ready in mode OneShot, none in the other modes.",
			Source: "ponylang/lori#294, lori#306",
		}, disarmed),
		perMode(Case{
			ID: "each-served", Doc: "queue", Rule: "A Wait that finds more ready sources than fit into its slice leaves the rest to the next Wait. No source starves.",
			Source: "calloop#123",
		}, eachServed),
		perMode(Case{
			ID: "hang-up", Doc: "queue", Rule: "Hang-up sets the bits of every direction that is waited for.",
			Source: "tokio#2218, libuv 06cb00c8, smol#134, netpoll#183",
		}, hangUp),
		perMode(Case{
			ID: "pipe-hang-up", Doc: "queue.OneShot", Rule: "Hang-up sets the bits of every direction that is waited for, even if the system reports only the hang-up.",
			Source: "tokio#2218, libuv 06cb00c8, smol#134, netpoll#183", Needs: []suite.Feature{Pipe},
		}, pipeHangUp),
		perMode(Case{
			ID: "reset", Doc: "queue", Rule: "Errors set the bits of every direction that is waited for.",
			Source: "mio#1303, mio#1304, wepoll 2a7c6de",
		}, reset),
		perMode(Case{
			ID: "refused", Doc: "queue", Rule: "A failed connection is writable: the operation does not block but fails.",
			Source: "bun#32257, netty 9bcf3197, poco#3248",
		}, refused),
		perMode(Case{
			ID: "connects", Doc: "queue.Ready", Rule: "Readable means bytes, a connection, the end or an error. Writable means room, an established connection or an error.",
			Source: "gnet 050672ff, mio#1126, libuv 726af5eb",
		}, connects),
		perMode(Case{
			ID: "hang-up-unasked", Doc: "queue", Rule: "With no interest, a hang-up may be reported once or not at all, but not repeatedly.",
			Source: "seastar#1785, libuv#2162, tunneldigger#148",
		}, unaskedHangUp),
		perMode(Case{
			ID: "data-and-end", Doc: "queue.OneShot", Rule: "Readable means bytes or the end. Data before the end is not lost.",
			Source: "netpoll#122, netius#79, gnet#529, kqueue(2) EV_EOF",
		}, dataAndEnd),
		{{
			ID: "level/beside-others", Doc: "queue.Level", Rule: "Neither a source nor a Wake starves because another source is always ready.",
			Source: "calloop#123, tokio#6221", Run: besideOthers,
		}},
		{{
			ID: "level/nags", Doc: "queue.Level", Rule: "Level reports in every Wait while the handle is ready.",
			Source: "epoll(7)", Run: levelNags,
		}},
	} {
		cases = append(cases, group...)
	}
	return cases
}

func readyAtAdd(t T, f *Fixture, m queue.Mode) {
	a, b := pair(t)
	b.send(t, 1)
	f.add(t, a, 1, queue.Both, m)
	f.expect(t, 1, queue.Both)
}

func becomesReady(t T, f *Fixture, m queue.Mode) {
	a, b := pair(t)
	f.add(t, a, 1, queue.Readable, m)
	f.fence(t)
	f.drain(t, a)
	await := f.start(func() { b.send(t, 1) })
	f.expect(t, 1, queue.Readable)
	await(t, "send")
}

func modifyReportsAgain(t T, f *Fixture, m queue.Mode) {
	a, b := pair(t)
	b.send(t, 1)
	f.add(t, a, 1, queue.Both, m)
	f.expect(t, 1, queue.Both)
	for token := queue.Token(2); token < 4; token++ {
		f.modify(t, a, token, queue.Both, m)
		f.expect(t, token, queue.Both)
	}
	f.silent(t, 1, "after Modify replaced it")
}

func disarmed(t T, f *Fixture, m queue.Mode) {
	a, b := pair(t)
	b.send(t, 1)
	f.add(t, a, 1, queue.Both, m)
	e := f.expect(t, 1, queue.Both)
	want := queue.None
	if m == queue.OneShot {
		want = queue.Both
	}
	if e.Disarmed != want {
		t.Errorf("events of %v disarm %v, want %v", e.Ready.Directions(), e.Disarmed, want)
	}
}

// eachServed waits for one event per call.
func eachServed(t T, f *Fixture, m queue.Mode) {
	const sources = 5
	missing := map[queue.Token]bool{}
	for i := range sources {
		a, _ := pair(t)
		missing[queue.Token(i)] = true
		f.add(t, a, queue.Token(i), queue.Writable, m)
	}
	one := make([]queue.Event, 1)
	for range 4 * sources {
		n, err := f.Wait(one, f.patience)
		must(t, err)
		if n > len(one) {
			t.Fatalf("got %d events in a slice of %d", n, len(one))
		}
		if n == 0 {
			break
		}
		delete(missing, one[0].Token)
		if len(missing) == 0 {
			return
		}
	}
	t.Errorf("%d of %d sources were not served in %d waits for one event", len(missing), sources, 4*sources)
}

// hangUp closes the peers of sockets that are waited for in only one direction.
func hangUp(t T, f *Fixture, m queue.Mode) {
	a, b := pair(t)
	c, d := pair(t)
	f.hangUp(t, m, a, b, c, d)
}

// pipeHangUp closes one end of pipes whose other end is waited for. The system reports a hang-up or
// an error, and no direction.
func pipeHangUp(t T, f *Fixture, m queue.Mode) {
	r, w := pipe(t)
	r2, w2 := pipe(t)
	f.hangUp(t, m, r, w, w2, r2)
}

// hangUp closes the peers of two ends: one that waits for reading, and a full one that waits for
// writing.
func (f *Fixture) hangUp(t T, m queue.Mode, reading, itsPeer, writing, thePeer *end) {
	t.Helper()
	fill(t, writing)
	f.add(t, reading, 1, queue.Readable, m)
	f.add(t, writing, 2, queue.Writable, m)
	f.fence(t)
	if m != queue.Level {
		// A socket that looked full may have gained room since.
		f.modify(t, writing, 2, queue.Writable, m)
	}
	itsPeer.close(t)
	f.expect(t, 1, queue.Readable)
	thePeer.close(t)
	f.expect(t, 2, queue.Writable)
}

func reset(t T, f *Fixture, m queue.Mode) {
	a, b := f.connected(t)
	f.add(t, a, 1, queue.Readable, m)
	f.fence(t)
	must(t, sys.SetLinger(b.handle, 0))
	b.close(t)
	f.expect(t, 1, queue.Readable)
}

func refused(t T, f *Fixture, m queue.Mode) {
	// The port of a connected client is taken, and no socket listens on it. A port that is bound
	// but does not listen would not do: the BSDs do not answer.
	nobody, _ := f.connected(t)
	addr, err := sys.LocalAddr(nobody.handle)
	must(t, err)
	e := tcp(t)
	must(t, sys.Bind(e.handle, loopback)) // otherwise the system might choose the same port and connect the socket to itself
	if err := sys.Connect(e.handle, addr); sys.ClassOf(err) != sys.ClassInProgress {
		if sys.ClassOf(err) != sys.ClassRefused {
			t.Fatalf("connect to a port without a listener: %v", err)
		}
		return // the system reports the refusal at once
	}
	f.add(t, e, 1, queue.Writable, m)
	f.expect(t, 1, queue.Writable)
	if err := sys.SocketError(e.handle); sys.ClassOf(err) != sys.ClassRefused {
		t.Errorf("connect to a port without a listener: got %v, want connection refused", err)
	}
}

func connects(t T, f *Fixture, m queue.Mode) {
	l, addr := listen(t)
	f.add(t, l, 1, queue.Readable, m)
	f.fence(t)
	if _, _, err := sys.Accept(l.handle); err != sys.ErrWouldBlock {
		t.Fatalf("accept before a connection: got %v, want would-block", err)
	}
	must(t, f.WouldBlock(l.handle, queue.Readable))
	e := tcp(t)
	connect(t, e, addr)
	f.expect(t, 1, queue.Readable)
	f.add(t, e, 2, queue.Writable, m)
	f.expect(t, 2, queue.Writable)
	must(t, sys.SocketError(e.handle))
	f.accept(t, l)
}

// dataAndEnd reads slowly the data that the peer sent before it closed.
func dataAndEnd(t T, f *Fixture, m queue.Mode) {
	a, b := pair(t)
	sent := fill(t, b)
	b.close(t)
	f.add(t, a, 1, queue.Readable, m)
	f.readToEnd(t, a, 1, sent)
}

func besideOthers(t T, f *Fixture) {
	nag, its := pair(t)
	its.send(t, 1)
	f.add(t, nag, 100, queue.Both, queue.Level)
	for i, m := range modes {
		a, b := pair(t)
		token := queue.Token(i + 1)
		f.add(t, a, token, queue.Readable, m)
		for range 5 {
			b.send(t, 1)
			f.expect(t, token, queue.Readable)
			f.drain(t, a)
			f.modify(t, a, token, queue.Readable, m)
		}
	}
	for range 3 {
		must(t, f.Wake())
		f.expect(t, 100, queue.Both)
	}
	must(t, f.Delete(nag.handle))
	f.fence(t)
	// The waits have consumed the wakes together with the events, at most one wake each.
	f.soon(t, "a wait after a Wake with a ready level", func() {
		if err := f.Wake(); err != nil {
			t.Errorf("wake: %v", err)
		}
		if _, err := f.Wait(make([]queue.Event, 1), -1); err != nil {
			t.Errorf("wait: %v", err)
		}
	})
}

func unaskedHangUp(t T, f *Fixture, m queue.Mode) {
	a, b := pair(t)
	c, d := f.connected(t)
	f.add(t, a, 1, queue.None, m)
	f.add(t, c, 2, queue.None, m)
	b.close(t)
	must(t, sys.SetLinger(d.handle, 0))
	d.close(t)
	reports := map[queue.Token]int{}
	for range 5 {
		for _, e := range f.fence(t) {
			reports[e.Token]++
		}
	}
	if reports[1] > 1 || reports[2] > 1 {
		t.Errorf("with no interest, the hang-up was reported %d times and the reset %d times, want at most once each", reports[1], reports[2])
	}
}

func levelNags(t T, f *Fixture) {
	a, b := pair(t)
	b.send(t, 2)
	f.add(t, a, 1, queue.Both, queue.Level)
	for range 3 {
		f.expect(t, 1, queue.Both)
	}
	for turn := range turns {
		f.expect(t, 1, queue.Readable)
		if turn == turns/2 {
			f.read(t, a, 1)
		}
	}
	f.expect(t, 1, queue.Both)
}
