package queuetest

import (
	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/conformance/internal/urgent"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

const edgeRule = "Edge reports once when the handle becomes ready, and again when it becomes ready after the caller has seen would-block."

const shortReadRule = "Where edges are emulated, the event after WouldBlock also reports what a short read has left: the end of the stream, or " +
	"bytes after an urgent mark."

func edgeCases() []Case {
	return []Case{
		{
			ID: "edge/refilled", Doc: "queue.Edge", Rule: edgeRule,
			Source: "shadow#3274, tgoskits#1034", Run: edgeRefilled,
		},
		{
			ID: "edge/exact-read", Doc: "queue", Rule: "Read until would-block, or call WouldBlock after a short read.",
			Source: "tokio#5866, tokio#5881, tokio#7872", Run: edgeExactRead,
		},
		{
			ID: "edge/arrival-before-would-block", Doc: "queue.Queue.WouldBlock", Rule: "After a call of WouldBlock the next readiness is reported, including readiness that arose between the operation and the call.",
			Source: "mio#1612, smol#134", Run: edgeArrivalBefore,
		},
		{
			ID: "edge/room", Doc: "queue.Edge", Rule: edgeRule + " The same holds for writing.",
			Source: "mio#1131, mio#1494", Run: edgeRoom,
		},
		{
			ID: "edge/directions", Doc: "queue.Queue.WouldBlock", Rule: "WouldBlock affects only the directions of dir; the other direction keeps its edge.",
			Source: "netius#103, tokio#6133", Run: edgeDirections,
		},
		{
			ID: "edge/listener", Doc: "queue.Edge", Rule: edgeRule + " A connection that arrives with others causes no event of its own.",
			Source: "gnet 050672ff, mio#1126", Run: edgeListener,
		},
		{
			ID: "edge/partial-read", Doc: "queue.Edge", Rule: edgeRule + " Unread bytes cause no event of their own and do not suppress the next one.",
			Source: "shadow#3274, epoll(7)", Run: edgePartialRead,
		},
		{
			ID: "edge/backlog", Doc: "queue.Edge", Rule: edgeRule + " Connections queued before Add are one event, and none is stranded.",
			Source: "gnet 050672ff", Run: edgeBacklog,
		},
		{
			ID: "edge/told-once", Doc: "queue.Edge", Rule: "Edge reports once when the handle becomes ready: unread bytes are not reported repeatedly.",
			Source: "epoll(7), calloop#123", Run: edgeToldOnce,
		},
		{
			ID: "edge/full", Doc: "queue.Edge", Rule: "After would-block of a write, arriving data does not make writing ready.",
			Source: "epoll checks both directions on a wake-up of one", Run: edgeFull,
		},
		{
			ID: "edge/end-behind-data", Doc: "queue.Ready.Ends", Rule: "Ready.Ends reports the end of the stream, after which a native edge may stay silent.", Needs: []suite.Feature{PeerShut},
			Source: "netpoll#122, netpoll#226, netty#3709, netty#6303", Run: endBehindData,
		},
		{
			ID: "edge/end-after-short-read", Doc: "queue", Rule: shortReadRule, Needs: []suite.Feature{EmulatedEdge},
			Source: "an adapter over a native edge, which reports data and end once", Run: edgeEndAfterShortRead,
		},
		{
			ID: "edge/mark-after-short-read", Doc: "queue", Rule: shortReadRule, Needs: []suite.Feature{EmulatedEdge, UrgentData},
			Source: "tcp(7): a read stops at the urgent mark", Run: edgeMarkAfterShortRead,
		},
		{
			ID: "edge/half-close", Doc: "queue.ReadyPeerShut", Rule: "ReadyPeerShut: the peer sends no more; the other direction continues.", Needs: []suite.Feature{PeerShut},
			Source: "mio#933, mio#939, tokio#449", Run: halfClose,
		},
	}
}

func edgeRefilled(t T, f *Fixture) {
	a, b := pair(t)
	f.add(t, a, 1, queue.Readable, queue.Edge)
	f.drain(t, a)
	for range 3 {
		b.send(t, 6)
		f.expect(t, 1, queue.Readable)
		f.drain(t, a)
		b.send(t, 6)
		f.expect(t, 1, queue.Readable)
		f.drain(t, a)
	}
}

func edgeExactRead(t T, f *Fixture) {
	a, b := pair(t)
	f.add(t, a, 1, queue.Readable, queue.Edge)
	for range 3 {
		b.send(t, 6)
		f.expect(t, 1, queue.Readable)
		for range 2 {
			f.read(t, a, 3)
		}
		must(t, f.WouldBlock(a.handle, queue.Readable))
	}
}

// readShort reads as events of token report, until it has want bytes and, if toEnd, the end. After
// each read it calls WouldBlock without another read.
func (f *Fixture) readShort(t T, e *end, token queue.Token, want int, toEnd bool) {
	t.Helper()
	p := make([]byte, want+1)
	for got, ended := 0, false; got < want || toEnd && !ended; {
		f.expect(t, token, queue.Readable)
		n, err := urgent.Recv(e.handle, p)
		if err != nil && err != sys.ErrWouldBlock {
			t.Fatalf("read: %v", err)
		}
		got, ended = got+max(n, 0), n == 0 && err == nil
		if got > want || ended && got < want {
			t.Fatalf("read %d bytes, the end %v, want %d bytes", got, ended, want)
		}
		must(t, f.WouldBlock(e.handle, queue.Readable))
	}
}

func edgeEndAfterShortRead(t T, f *Fixture) {
	a, b := pair(t)
	b.send(t, 3)
	must(t, sys.Shutdown(b.handle, sys.ShutWriting))
	f.add(t, a, 1, queue.Readable, queue.Edge) // one edge for the bytes and the end
	f.readShort(t, a, 1, 3, true)
}

func edgeMarkAfterShortRead(t T, f *Fixture) {
	a, b := f.connected(t)
	must(t, urgent.SendPieces(b.handle, []string{"before", "A", "after"}))
	arrived(t, f, b)
	f.add(t, a, 1, queue.Readable, queue.Edge) // one edge for all bytes
	f.readShort(t, a, 1, len("before")+len("after"), false)
}

func edgeArrivalBefore(t T, f *Fixture) {
	a, b := pair(t)
	f.add(t, a, 1, queue.Readable, queue.Edge)
	b.send(t, 1)
	f.expect(t, 1, queue.Readable)
	for range 3 {
		p := make([]byte, 8)
		for {
			if _, err := sys.Read(a.handle, p); err == sys.ErrWouldBlock {
				break
			} else if err != nil {
				t.Fatalf("read: %v", err)
			}
		}
		b.send(t, 1)
		must(t, f.WouldBlock(a.handle, queue.Readable))
		f.expect(t, 1, queue.Readable)
	}
}

func edgeRoom(t T, f *Fixture) {
	a, b := pair(t)
	f.add(t, a, 1, queue.Both, queue.Edge)
	for range 3 {
		sent := f.fillUp(t, a, 1)
		f.read(t, b, sent)
		f.expect(t, 1, queue.Writable)
	}
}

// fillUp fills e, which is registered as token in mode Edge, and reports would-block to the queue.
// It continues while e is reported writable, since bytes in flight to the peer make room. It
// returns how much it wrote.
func (f *Fixture) fillUp(t T, e *end, token queue.Token) (total int) {
	t.Helper()
	for {
		total += fill(t, e)
		must(t, f.WouldBlock(e.handle, queue.Writable))
		room := false
		for _, event := range f.fence(t) {
			room = room || event.Token == token && event.Ready.Directions().Has(queue.Writable)
		}
		if !room {
			return total
		}
	}
}

func edgePartialRead(t T, f *Fixture) {
	a, b := pair(t)
	f.add(t, a, 1, queue.Readable, queue.Edge)
	b.send(t, 6)
	for range 3 {
		f.expect(t, 1, queue.Readable)
		f.read(t, a, 3)
		must(t, f.WouldBlock(a.handle, queue.Readable)) // not true: three bytes are left
		b.send(t, 3)
	}
	f.expect(t, 1, queue.Readable)
	f.read(t, a, 6)
}

func edgeBacklog(t T, f *Fixture) {
	l, addr := listen(t)
	const connections = 3
	for range connections {
		connect(t, tcp(t), addr)
	}
	f.add(t, l, 1, queue.Readable, queue.Edge)
	f.expect(t, 1, queue.Readable)
	for range connections {
		f.accept(t, l)
	}
	must(t, f.WouldBlock(l.handle, queue.Readable))
	connect(t, tcp(t), addr)
	f.expect(t, 1, queue.Readable)
	f.accept(t, l)
}

// turns is how many times a case checks whether a ready, unread handle is reported.
const turns = 100

// reports counts the turns that report token readable. A Wake ends each turn.
func (f *Fixture) reports(t T, token queue.Token) (n int) {
	t.Helper()
	for range turns {
		for _, e := range f.fence(t) {
			if e.Token == token && e.Ready.Directions().Has(queue.Readable) {
				n++
				break
			}
		}
	}
	return n
}

func edgeToldOnce(t T, f *Fixture) {
	a, b := pair(t)
	f.add(t, a, 1, queue.Readable, queue.Edge)
	for range 2 {
		b.send(t, 1)
		f.expect(t, 1, queue.Readable)
		// Events may be spurious, but not in every turn.
		if n := f.reports(t, 1); n > turns/10 {
			t.Errorf("one arrival was reported in %d turns of %d", n, turns)
		}
		f.drain(t, a)
	}
}

func edgeFull(t T, f *Fixture) {
	const rounds = 20
	a, b := pair(t)
	f.add(t, a, 1, queue.Both, queue.Edge)
	f.fillUp(t, a, 1)
	untrue := 0
	for range rounds {
		b.send(t, 1)
		e := f.expect(t, 1, queue.Readable)
		f.drain(t, a)
		if e.Ready.Directions().Has(queue.Writable) && f.fillUp(t, a, 1) == 0 {
			untrue++
		}
	}
	// An event may be spurious, but not every event.
	if untrue > rounds/2 {
		t.Errorf("%d of %d arrivals were reported as writable, want no room", untrue, rounds)
	}
}

func edgeDirections(t T, f *Fixture) {
	a, b := pair(t)
	f.add(t, a, 1, queue.Both, queue.Edge)
	for range 3 {
		sent := f.fillUp(t, a, 1)
		f.drain(t, a)
		b.send(t, 6)
		e := f.expect(t, 1, queue.Readable)
		f.drain(t, a)
		if e.Ready.Directions().Has(queue.Writable) {
			sent += f.fillUp(t, a, 1)
		}
		f.read(t, b, sent)
		f.expect(t, 1, queue.Writable)
	}
}

func edgeListener(t T, f *Fixture) {
	l, addr := listen(t)
	f.add(t, l, 1, queue.Readable, queue.Edge)
	for range 2 {
		const connections = 3
		for range connections {
			connect(t, tcp(t), addr)
		}
		for accepted := 0; accepted < connections; {
			f.expect(t, 1, queue.Readable)
			for {
				h, _, err := sys.Accept(l.handle)
				if err == sys.ErrWouldBlock {
					must(t, f.WouldBlock(l.handle, queue.Readable))
					break
				}
				must(t, err)
				own(t, h)
				accepted++
			}
		}
	}
}

// expectBits waits until the events of token have all bits of want.
func (f *Fixture) expectBits(t T, token queue.Token, want queue.Ready) {
	t.Helper()
	var got queue.Ready
	for range 4 {
		for _, e := range f.wait(t, f.patience) {
			if e.Token == token {
				got |= e.Ready
			}
		}
		if got&want == want {
			return
		}
	}
	t.Fatalf("token %d was reported %#x, want %#x", token, uint8(got), uint8(want))
}

func endBehindData(t T, f *Fixture) {
	for i, m := range modes {
		token, told := queue.Token(i+1), false
		// The end may come after the event of the data. It is reported if the case reads nothing in
		// between. If the case reads in between, it finds the end without a report.
		for tries := 0; tries < 20 && !told; tries++ {
			a, b := pair(t)
			b.send(t, 3)
			must(t, sys.Shutdown(b.handle, sys.ShutWriting))
			f.add(t, a, token, queue.Readable, m)
			told = f.readToEnd(t, a, token, 3)
			must(t, f.Delete(a.handle))
		}
		if !told {
			t.Errorf("%v: no event reports the end after the data", m)
		}
	}
}

// readToEnd reads e, which holds want bytes and the end, as events report them. It returns whether
// an event reported the end.
func (f *Fixture) readToEnd(t T, e *end, token queue.Token, want int) (told bool) {
	t.Helper()
	for total := 0; ; {
		event := f.expect(t, token, queue.Readable)
		told = told || event.Ready&queue.ReadyPeerShut != 0
		n, ended := f.drain(t, e)
		if total += n; ended {
			if total != want {
				t.Errorf("read %d bytes before the end, want %d", total, want)
			}
			return told
		}
		if event.Disarmed != queue.None {
			f.modify(t, e, token, queue.Readable, queue.OneShot)
		}
	}
}

func halfClose(t T, f *Fixture) {
	a, b := f.connected(t)
	f.add(t, a, 1, queue.Both, queue.Edge)
	f.fence(t)
	f.drain(t, a)
	must(t, sys.Shutdown(b.handle, sys.ShutWriting))
	f.expectBits(t, 1, queue.Ready(queue.Readable)|queue.ReadyPeerShut)
	if n, err := sys.Write(a.handle, []byte("x")); n != 1 || err != nil {
		t.Errorf("write after the peer's half-close: got %d, %v, want 1, nil", n, err)
	}
}
