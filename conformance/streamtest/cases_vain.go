package streamtest

import (
	"bytes"
	"errors"
	"io"
	"net"
	"syscall"
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

const (
	// ErrorQueue is claimed if sockets have error queues, which keep them ready until they are
	// read.
	ErrorQueue Feature = "error-queue"
	// EventCounters is claimed if the system has a handle that is writable and may still refuse a
	// write.
	EventCounters Feature = "event-counters"
)

// vainRoom is the read size of the cases about waits in vain, which no other case uses.
const vainRoom = 59

func vainCases() []Case {
	return []Case{
		{
			ID: "vain/error-queue", Doc: "stream",
			Rule:   "An unread error queue keeps no operation from waiting: it is emptied after some waits in vain.",
			Source: "poll(2): POLLERR is not requested and cannot be switched off; ip(7), IP_RECVERR; timestamping of sent data",
			Needs:  []Feature{ErrorQueue},
			Run:    in(vainErrorQueue),
		},
		{
			ID: "vain/error-queue-packets", Doc: "stream",
			Rule:   "An unread error queue keeps no receiver of datagrams from waiting. The errno is returned once.",
			Source: "ip(7), IP_RECVERR",
			Needs:  []Feature{ErrorQueue, NetworkAnswers},
			Run:    in(vainErrorQueuePackets),
		},
		{
			ID: "vain/ready", Doc: "stream",
			Rule:   "An operation that returns would-block while its handle is ready is retried at growing intervals, and does not spin.",
			Source: "eventfd(2): it is writable if it has room for 1",
			Needs:  []Feature{EventCounters},
			Run:    in(vainReady),
		},
	}
}

// While other tasks take restfulTurns turns, and for at least restfulTime, at most restfulMax waits
// may begin: a few in vain. The time lets a caller that spins become visible, since it may lack a
// processor for a while.
const (
	restfulMax   = 60
	restfulTurns = 300
	restfulTime  = 200 * time.Millisecond
	restfulProof = 10 * time.Second // of a mutant, which is found much sooner unless the machine is slow
	// restfulShare divides restfulTime, unless the whole product is asked for: every target looks
	// for callers that spin.
	restfulShare = 5
)

// restful lets other tasks work for a while, and wants no call of the case to wait repeatedly
// meanwhile. If h is a handle, restful is satisfied as soon as h is no longer ready.
func (w *world) restful(what string, h sys.Handle) {
	w.Helper()
	s, peer := w.connected()
	c, err := stream.NewConn(s, w.f.Waiter) // its waits are not counted
	w.check(err, "new connection")
	w.own(c)
	before := w.waits(sys.Readable) + w.waits(sys.Writable)
	begin, least := time.Now(), restfulTime
	switch {
	case w.f.parts.restful > 0:
		least = w.f.parts.restful
	case !suite.Full():
		least /= restfulShare
	}
	for turns := 0; turns < restfulTurns || time.Since(begin) < least; turns++ {
		_, err := io.WriteString(peer, "x")
		w.check(err, "peer's write")
		w.expectRead(c, "x")
		if waits := w.waits(sys.Readable) + w.waits(sys.Writable) - before; waits > restfulMax {
			w.Errorf("%s: %d waits began while other tasks read %d times", what, waits, turns+1)
			break
		}
		fds := []sys.PollFD{{Fd: int32(h), Events: sys.PollIn}}
		if n, err := sys.Poll(fds, 0); h != sys.Invalid && n == 0 && err == nil {
			break
		}
	}
	w.check(c.Close(), "close")
}

func vainErrorQueue(w *world) {
	s, peer := w.connected()
	w.check(queueErrors(s.Handle()), "socket option")
	c, err := w.f.parts.newConn(s, w.spy)
	w.check(err, "new connection")
	w.own(c)
	for range 2 {
		// Each write adds an entry to the error queue.
		if r := w.write(c, []byte("there")).get(); r.err != nil {
			w.Fatalf("write: %v", r)
		}
		w.arrives(peer, []byte("there"))
		w.ready(s.Handle(), 0)
		n := w.waits(sys.Readable)
		p := w.read(c, vainRoom)
		w.waiting(sys.Readable, n)
		w.restful("a read with an error queue", s.Handle())
		_, err := io.WriteString(peer, "back")
		w.check(err, "peer's write")
		if r := p.get(); string(r.data) != "back" || r.err != nil {
			w.Errorf("read: %v, want %q", r, "back")
		}
	}
}

func vainErrorQueuePackets(w *world) {
	u, err := net.ListenPacket("udp", "127.0.0.1:0")
	w.check(err, "listen")
	addr := u.LocalAddr().(*net.UDPAddr)
	w.check(u.Close(), "close")
	s, err := stream.OpenUDP(sys.IPv4)
	w.check(err, "open")
	w.check(queueAnswers(s.Handle()), "socket option")
	w.check(s.StartConnect(addr.AddrPort()), "connect")
	c := w.packets(stream.NewPacketConn(s, w.spy))
	if r := w.write(c, []byte("nobody")).get(); r.err != nil {
		w.Fatalf("write: %v", r)
	}
	if r := w.read(c, vainRoom).get(); !errors.Is(r.err, syscall.ECONNREFUSED) {
		w.Fatalf("read: %v, want ECONNREFUSED", r)
	}
	n := w.waits(sys.Readable)
	p := w.read(c, vainRoom)
	w.waiting(sys.Readable, n)
	w.restful("a receiver with an error queue", s.Handle())
	peer, err := net.DialUDP("udp", addr, c.LocalAddr().(*net.UDPAddr))
	w.check(err, "dial")
	w.own(peer)
	_, err = io.WriteString(peer, "somebody")
	w.check(err, "peer's write")
	if r := p.get(); string(r.data) != "somebody" || r.err != nil {
		w.Errorf("read: %v, want %q", r, "somebody")
	}
}

func vainReady(w *world) {
	h, half, read, err := openCounter()
	w.check(err, "open")
	s, err := stream.Adopt(h)
	w.check(err, "adopt")
	c, err := w.f.parts.newConn(s, w.spy)
	w.check(err, "new connection")
	w.own(c)
	if r := w.write(c, half).get(); r.err != nil {
		w.Fatalf("write: %v", r)
	}
	n := w.waits(sys.Writable)
	p := w.write(c, half)
	w.waiting(sys.Writable, n)
	w.restful("a write that is ready but would block", sys.Invalid)
	got, err := read()
	if err != nil || !bytes.Equal(got, half) {
		w.Fatalf("the counter has %v, %v, want %v", got, err, half)
	}
	if r := p.get(); r.n != len(half) || r.err != nil {
		w.Errorf("write: %v, want %d", r, len(half))
	}
}
