package queuetest

import (
	"bytes"
	"fmt"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/conformance/internal/urgent"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// UrgentData is the feature of a system that sends TCP urgent data. Urgent is the feature of a
// mechanism that claims queue.Features.Urgent.
const (
	UrgentData suite.Feature = "urgent-data"
	Urgent     suite.Feature = "urgent"
)

func urgentCases() []Case {
	cases := []Case{
		{
			ID: "edge/urgent", Doc: "queue.Features.Urgent", Needs: []suite.Feature{UrgentData, Urgent},
			Rule:   "A read that stops at an urgent mark follows an event with ReadyUrgent or precedes an event that is readable.",
			Source: "tcp(7): a read stops at the urgent mark; tcp_poll() and tcp_urg() in Linux", Run: edgeUrgent,
		},
		{
			ID: "edge/urgent-plain", Doc: "queue.Features.Urgent", Needs: []suite.Feature{Urgent},
			Rule:   "ReadyUrgent: the unread bytes have an urgent mark. Bytes without a mark are not reported with ReadyUrgent.",
			Source: "a wake-up in Linux names EPOLLPRI for all data", Run: edgeUrgentPlain,
		},
	}
	return append(cases, perMode(Case{
		ID: "urgent-alone", Doc: "queue.Features.Urgent", Needs: []suite.Feature{UrgentData},
		Rule:   "Urgent data without other bytes does not keep its handle ready.",
		Source: "poll(2): POLLPRI is a level",
	}, urgentAlone)...)
}

// urgentPlans are streams whose upper-case letters are sent as urgent data. Each message is its own
// segment.
var urgentPlans = [][]string{
	{"A", "after"},
	{"before", "A", "after"},
	{"before", "A"},
	{"A", "B", "C", "after"},
	{"before", "A", "between", "B", "after"},
	{"before", "A", "B", "after"},
}

func edgeUrgent(t T, f *Fixture) {
	for i, plan := range urgentPlans {
		for _, inline := range []bool{false, true} {
			for _, early := range []bool{false, true} {
				token := queue.Token(10 * i)
				a, b := f.connected(t)
				if inline {
					must(t, urgent.KeepInline(a.handle))
				}
				f.add(t, a, token, queue.Readable, queue.Edge)
				f.drain(t, a)
				var want []byte
				for k, piece := range plan {
					must(t, urgent.SendPieces(b.handle, []string{piece}))
					// To some kernels, urgent data is plain data if another mark follows before it
					// is read.
					if inline || !urgent.IsUrgent(piece) || superseded(plan, k) {
						want = append(want, piece...)
					}
				}
				arrived(t, f, b)
				got := f.trustingRead(t, a, token, early, len(plainOf(want, inline)), inline)
				if !bytes.Equal(plainOf(got, inline), plainOf(want, inline)) {
					t.Errorf("plan %q, inline %v, read before the event %v: got %q, want %q", plan, inline, early, got, want)
				}
				must(t, f.Delete(a.handle))
				a.close(t)
				b.close(t)
			}
		}
	}
}

// superseded reports whether piece k of plan is urgent data followed by later urgent data.
func superseded(plan []string, k int) bool {
	for _, later := range plan[k+1:] {
		if urgent.IsUrgent(later) {
			return true
		}
	}
	return false
}

// plainOf returns p without the urgent bytes, unless they are kept in line.
func plainOf(p []byte, inline bool) []byte {
	if inline {
		return p
	}
	return bytes.Map(func(r rune) rune {
		if r <= 'Z' {
			return -1
		}
		return r
	}, p)
}

// arrived returns after the peer of e has acknowledged everything that e has sent.
func arrived(t T, f *Fixture, e *end) {
	t.Helper()
	f.patiently(t, "acknowledgement", func() error {
		if urgent.Unacknowledged(e.handle) > 0 {
			return sys.ErrWouldBlock
		}
		return nil
	})
}

// trustingRead reads until it has want plain bytes. It waits for an event after each short read,
// unless an event with ReadyUrgent came before, as the rule allows.
func (f *Fixture) trustingRead(t T, e *end, token queue.Token, early bool, want int, inline bool) []byte {
	t.Helper()
	var got []byte
	marked, wait := false, !early
	p := make([]byte, 64)
	for len(plainOf(got, inline)) < want {
		if wait {
			event := f.expect(t, token, queue.Readable)
			marked = marked || event.Ready&queue.ReadyUrgent != 0
		}
		n, err := urgent.Recv(e.handle, p)
		if err == sys.ErrWouldBlock {
			must(t, f.WouldBlock(e.handle, queue.Readable))
			wait = true
			continue
		}
		must(t, err)
		if n == 0 {
			t.Fatalf("read: end of stream after %q", got)
		}
		got = append(got, p[:n]...)
		wait = n < len(p) && !marked
	}
	return got
}

func edgeUrgentPlain(t T, f *Fixture) {
	a, b := f.connected(t)
	f.add(t, a, 1, queue.Readable, queue.Edge)
	f.drain(t, a)
	for range 3 {
		b.send(t, 6)
		if e := f.expect(t, 1, queue.Readable); e.Ready&queue.ReadyUrgent != 0 {
			t.Errorf("plain bytes were reported as %b, want no ReadyUrgent", e.Ready)
		}
		f.drain(t, a)
	}
}

func urgentAlone(t T, f *Fixture, m queue.Mode) {
	a, b := f.connected(t)
	f.add(t, a, 1, queue.Readable, m)
	if m == queue.Edge {
		f.drain(t, a)
	}
	f.fence(t)
	must(t, urgent.SendPieces(b.handle, []string{"A"}))
	arrived(t, f, b)
	f.calm(t, 1, fmt.Sprintf("in mode %v, with urgent data only", m))
	if m == queue.OneShot {
		f.modify(t, a, 2, queue.Readable, m)
		f.calm(t, 2, "in mode oneshot after rearming, with urgent data only")
		f.modify(t, a, 1, queue.Readable, m)
	}
	must(t, urgent.SendPieces(b.handle, []string{"after"}))
	f.expect(t, 1, queue.Readable)
}
