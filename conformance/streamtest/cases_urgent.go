package streamtest

import (
	"bytes"
	"io"
	"net"
	"strings"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/conformance/internal/urgent"
	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

const (
	// UrgentData is claimed if the system can send TCP urgent data.
	UrgentData Feature = "urgent-data"
	// PendingSignals is claimed if a signal can be made pending at the start of a read.
	PendingSignals Feature = "pending-signals"
	// ShortReads is claimed if the system has handles whose reads are short while more can be read.
	ShortReads Feature = "short-reads"
)

// urgentRoom is the read size of the cases about short reads: larger than what is available, and
// used by no other case.
const urgentRoom = 61

func urgentCases() []Case {
	return []Case{
		{
			ID: "urgent/read", Doc: "stream.Conn.ShortReadDrains",
			Rule:   "Read and WaitRead after ShortReadDrains reach every byte: a read that stops at an urgent mark is not treated as the last.",
			Source: "tcp(7): a read stops at the urgent mark; httpd that answers none of the requests with urgent data",
			Needs:  []Feature{UrgentData},
			Run:    in(urgentRead),
		},
		{
			ID: "urgent/copy", Doc: "stream.Conn.ReadFrom",
			Rule:   "ReadFrom of another connection passes urgent marks: all other bytes arrive at once, and the copy does not spin.",
			Source: "splice(2) returns EAGAIN at the urgent mark while poll(2) reports the socket readable",
			Needs:  []Feature{UrgentData},
			Run:    in(urgentCopy),
		},
		{
			ID: "urgent/copy-end", Doc: "stream.Conn.ReadFrom",
			Rule:   "ReadFrom of another connection moves its bytes until its end, including those after an urgent mark.",
			Source: "splice(2) returns 0 at the urgent mark when the stream has ended",
			Needs:  []Feature{UrgentData},
			Run:    in(urgentCopyEnd),
		},
		{
			ID: signalID, Doc: "stream.Socket.TryRead",
			Rule:   "A signal at an urgent mark does not hide the bytes after the mark. Each is read and copied without a further event.",
			Source: "tcp_recvmsg_locked() of Linux returns EAGAIN at the mark while a signal is pending",
			Needs:  []Feature{UrgentData, PendingSignals},
			Run:    apart(signalID, signalled, urgentSignal),
		},
		{
			ID: "urgent/short-reads", Doc: "stream.Socket.MayDrainShort",
			Rule:   "A short read is conclusive only for plain TCP. From other handles, every byte is read without a further event.",
			Source: "unix(7): a read stops after a descriptor; pipe(2) with O_DIRECT; termios(3); inotify(7)",
			Needs:  []Feature{ShortReads},
			Run:    in(shortReads),
		},
	}
}

// urgentPlans are streams whose upper-case letters are sent as urgent data. Each message is a
// segment of its own.
var urgentPlans = [][]string{
	{"A", "after"},
	{"before", "A", "after"},
	{"before", "A"},
	{"before", "A", "between", "B", "after"},
	{"A", "B", "C", "after"},
}

// urgentPlanInline is the index of the plan that is also tried with urgent data inline, followed by
// more.
const urgentPlanInline = 1

// countOf returns how many bytes of pieces are certain to be read. Urgent bytes count only if they
// are kept inline. If several urgent bytes follow one another unread, all except the last become
// ordinary bytes.
func countOf(pieces []string, inline bool) int {
	all := strings.Join(pieces, "")
	if inline {
		return len(all)
	}
	return len(otherBytes(all))
}

func otherBytes(s string) string {
	return strings.Map(func(r rune) rune {
		if r <= 'Z' {
			return -1
		}
		return r
	}, s)
}

// sameBytes compares the bytes read with the bytes sent.
func (w *world) sameBytes(got string, pieces []string, inline bool) {
	w.Helper()
	want := strings.Join(pieces, "")
	if !inline {
		got, want = otherBytes(got), otherBytes(want)
	}
	if got != want {
		w.Errorf("%q, inline %v: read %q, want %q", pieces, inline, got, want)
	}
}

// urgentPair is pair with a connection that keeps urgent data inline, or does not.
func (w *world) urgentPair(inline bool) (conn, *net.TCPConn) {
	w.Helper()
	s, peer := w.connected()
	if inline {
		w.check(urgent.KeepInline(s.Handle()), "keep urgent data inline")
	}
	c, err := w.f.parts.newConn(s, w.spy)
	if err != nil {
		s.Close()
		w.Fatalf("new connection: %v", err)
	}
	w.own(c)
	return c, peer
}

// sendPieces sends all pieces at once. If the Fixture has tasks, a task on the loop of the reader
// sends them, and the loop polls afterwards.
func (w *world) sendPieces(peer *net.TCPConn, pieces []string) {
	w.Helper()
	w.check(call(w, "send", func() error {
		raw, err := peer.SyscallConn()
		if err != nil {
			return err
		}
		var sending error
		err = raw.Control(func(fd uintptr) { sending = urgent.SendPieces(sys.Handle(fd), pieces) })
		if err == nil {
			err = sending
		}
		return err
	}).get(), "send")
}

// reader reads some bytes, and suspends the caller until at least one is available.
type reader func(c conn, p []byte) (int, error)

func readers() []reader {
	return []reader{
		func(c conn, p []byte) (int, error) { return c.Read(p) },
		func(c conn, p []byte) (int, error) {
			if c.ShortReadDrains() {
				if err := c.WaitRead(); err != nil {
					return 0, err
				}
			}
			for {
				n, err := c.TryReadv([][]byte{p})
				if err != sys.ErrWouldBlock {
					return n, err
				}
				if err := c.WaitRead(); err != nil {
					return 0, err
				}
			}
		},
	}
}

// readAfter lets a reader suspend, calls feed, and returns the count bytes that the reader gets.
func (w *world) readAfter(c conn, read reader, count int, inline bool, feed func()) string {
	w.Helper()
	n := w.waits(sys.Readable)
	p := call(w, "read", func() result {
		var got []byte
		room := make([]byte, urgentRoom)
		for {
			n, err := read(c, room)
			got = append(got, room[:max(n, 0)]...)
			if err != nil || len(got) >= count && (inline || len(otherBytes(string(got))) >= count) {
				return result{got, len(got), err}
			}
		}
	})
	w.waiting(sys.Readable, n)
	feed()
	r := p.get()
	w.check(r.err, "read")
	return string(r.data)
}

func urgentRead(w *world) {
	for _, read := range readers() {
		for i, pieces := range urgentPlans {
			for _, inline := range []bool{false, true} {
				if inline && i != urgentPlanInline {
					continue
				}
				c, peer := w.urgentPair(inline)
				got := w.readAfter(c, read, countOf(pieces, inline), inline, func() { w.sendPieces(peer, pieces) })
				w.sameBytes(got, pieces, inline)
				if i == urgentPlanInline {
					// The state that the connection keeps about urgent data does not hide later
					// bytes.
					got = w.readAfter(c, read, len("later"), true, func() { w.sendPieces(peer, []string{"later"}) })
					w.sameBytes(got, []string{"later"}, true)
				}
				w.check(c.Close(), "close")
			}
		}
	}
}

// signalID names the case that runs in a process of its own, with signals. Each of its readers
// reaches signalRounds marks, and signalRoundsFull with suite.Full.
const (
	signalID         = "urgent/signal"
	signalRounds     = 2
	signalRoundsFull = 4
)

func urgentSignal(w *world) {
	pieces := urgentPlans[urgentPlanInline]
	rounds := signalRounds
	if suite.Full() {
		rounds = signalRoundsFull
	}
	for range rounds {
		for _, read := range readers() {
			c, peer := w.urgentPair(false)
			got := w.readAfter(c, read, countOf(pieces, false), false, func() { w.sendPieces(peer, pieces) })
			w.sameBytes(got, pieces, false)
			w.check(c.Close(), "close")
		}
		w.copyPast(pieces, false, func() {})
	}
}

func shortReads(w *world) {
	for _, kind := range shortHandles() {
		for _, read := range readers() {
			h, feed, release, err := kind.open()
			w.check(err, kind.name)
			w.Cleanup(release)
			s, err := stream.Adopt(h)
			w.check(err, kind.name)
			c, err := w.f.parts.newConn(s, w.spy)
			w.check(err, kind.name)
			w.own(c)
			got := w.readAfter(c, read, kind.count, true, func() {
				w.check(call(w, "feed", feed).get(), kind.name)
			})
			if len(got) != kind.count {
				w.Errorf("%s: read %d bytes, want %d", kind.name, len(got), kind.count)
			}
		}
	}
}

// shortHandle is a kind of handle for which a read of urgentRoom bytes is short while more can be
// read.
type shortHandle struct {
	name  string
	count int // of the bytes that feed makes readable
	open  func() (h sys.Handle, feed func() error, release func(), err error)
}

func urgentCopy(w *world) {
	for i, pieces := range urgentPlans {
		if i != urgentPlanInline {
			w.copyPast(pieces, false, func() {})
			continue
		}
		for _, inline := range []bool{false, true} {
			w.copyPast(pieces, inline, func() { w.restful("a copy past urgent data", sys.Invalid) })
		}
	}
}

// copyPast copies one connection to another, with pieces in its stream, and calls idle while the
// copy waits for more.
func (w *world) copyPast(pieces []string, inline bool, idle func()) {
	w.Helper()
	from, source := w.urgentPair(inline)
	to, sink := w.pair()
	n := w.waits(sys.Readable)
	p := w.readFrom(to, from)
	w.waiting(sys.Readable, n)
	w.sendPieces(source, pieces)
	got := w.arriving(sink, countOf(pieces, inline), inline)
	w.sameBytes(got, pieces, inline)
	_, err := io.WriteString(source, "later")
	w.check(err, "write")
	w.sameBytes(w.arriving(sink, len("later"), true), []string{"later"}, true)
	idle()
	w.check(source.CloseWrite(), "close")
	if r := p.get(); r.n != len(got)+len("later") || r.err != nil {
		w.Errorf("ReadFrom: %v, want %d", r, len(got)+len("later"))
	}
}

// arriving reads count bytes from peer.
func (w *world) arriving(peer net.Conn, count int, inline bool) string {
	w.Helper()
	var got bytes.Buffer
	p := make([]byte, 64)
	for len(got.String()) < count || !inline && len(otherBytes(got.String())) < count {
		n, err := peer.Read(p)
		got.Write(p[:n])
		if err != nil {
			w.Fatalf("peer's read: %v, after %q", err, got.String())
		}
	}
	return got.String()
}

func urgentCopyEnd(w *world) {
	for _, pieces := range urgentPlans {
		from, source := w.pair()
		to, sink := w.pair()
		w.sendPieces(source, pieces)
		w.check(source.CloseWrite(), "close")
		p := w.readFrom(to, from)
		r := p.get()
		w.check(r.err, "ReadFrom")
		w.check(to.CloseWrite(), "close")
		got, err := io.ReadAll(sink)
		w.check(err, "peer's read")
		w.sameBytes(string(got), pieces, false)
		if r.n != len(got) {
			w.Errorf("ReadFrom counts %d bytes, %d have arrived", r.n, len(got))
		}
	}
}
