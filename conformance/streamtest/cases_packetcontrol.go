package streamtest

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"strings"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

const (
	// TrafficClass is claimed if control messages have the traffic class of a datagram, in both
	// directions.
	TrafficClass Feature = "traffic-class"
	// SegmentOffload is claimed if the kernel sends several datagrams for one call, and receives
	// several as one.
	SegmentOffload Feature = "segment-offload"
)

// packetControlCases are about control messages of UDP.
func packetControlCases() []Case {
	return []Case{
		{
			ID: "packet/ecn", Doc: "stream.PacketConn.ReadMsgUDP",
			Rule:   "ReadMsgUDP and ReadBatch receive the control messages of their datagrams. WriteMsgUDP and WriteBatch send theirs.",
			Source: "quic-go: ECN needs both directions",
			Needs:  []Feature{TrafficClass},
			Run:    in(func(w *world) { w.trafficClasses(w.listenPacket(), sys.IPv4) }),
		},
		{
			ID: "packet/ecn6", Doc: "stream.PacketConn.ReadMsgUDP",
			Rule:  "Control messages work over IPv6 as over IPv4.",
			Needs: []Feature{TrafficClass, IPv6},
			Run: in(func(w *world) {
				w.trafficClasses(w.packets(stream.ListenPacket(w.spy, loopback6, stream.PacketOptions{})), sys.IPv6)
			}),
		},
		{
			ID: "packet/control-truncated", Doc: "stream.PacketConn.ReadMsgUDP",
			Rule:  "Without room for the control messages, ReadMsgUDP returns the datagram and sys.MsgCTrunc, without an error.",
			Needs: []Feature{TrafficClass},
			Run: in(func(w *world) {
				c, peer := w.packetPair()
				w.receivesClass(c, sys.IPv4)
				w.post(peer, c, "datagram", "next")
				got := w.receiveMsg(c, 64, 1).get()
				if string(got.data) != "datagram" || got.flags != sys.MsgCTrunc || got.err != nil {
					w.Errorf("got %v, flags %#x; want \"datagram\", %#x", got, got.flags, sys.MsgCTrunc)
				}
				w.check(receiveClassOf(peer), "set the peer's option")
				w.check(call(w, "send", func() error { _, err := c.WriteToAddrPort([]byte("datagram"), addrPort(peer)); return err }).get(), "send")
				if _, _, flags, _, err := peer.ReadMsgUDP(make([]byte, 64), make([]byte, 1)); got.flags != flags || err != nil {
					w.Errorf("flags %#x; package net returns %#x, %v", got.flags, flags, err)
				}
				if got := w.receiveMsg(c, 2, 64).get(); string(got.data) != "ne" || got.flags != sys.MsgTrunc || got.err != nil || len(got.oob) == 0 {
					w.Errorf("got %v, flags %#x, %d bytes of control; want \"ne\", %#x, and a control message", got, got.flags, len(got.oob), sys.MsgTrunc)
				}
			}),
		},
		{
			ID: "packet/segments", Doc: "stream.PacketConn.WriteMsgUDP",
			Rule:   "A control message makes one call send several datagrams, and another reports how the kernel has joined those of one call.",
			Source: "udp(7), UDP_SEGMENT and UDP_GRO",
			Needs:  []Feature{SegmentOffload},
			Run:    in(segments),
		},
	}
}

// receiveMsg receives one datagram with its control messages.
func (w *world) receiveMsg(c packetConn, size, control int) *pending[received] {
	return call(w, "receive", func() received {
		p, oob := make([]byte, size), make([]byte, control)
		n, oobn, flags, from, err := c.ReadMsgUDPAddrPort(p, oob)
		return received{data: p[:n], from: from, oob: oob[:oobn], flags: flags, err: err}
	})
}

// receivesClass makes c receive the traffic class of its datagrams.
func (w *world) receivesClass(c packetConn, f sys.Family) {
	w.Helper()
	w.check(w.control(c, func(h sys.Handle) error { return receiveClass(h, f) }), "set the option")
}

// receiveClassOf makes c, which is IPv4, receive the traffic class of its datagrams.
func receiveClassOf(c *net.UDPConn) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) { failed = receiveClass(sys.Handle(fd), sys.IPv4) })
	return errors.Join(err, failed)
}

// control runs set with the handle of c.
func (w *world) control(c packetConn, set func(h sys.Handle) error) error {
	w.Helper()
	raw, err := c.SyscallConn()
	w.check(err, "SyscallConn")
	var failed error
	w.check(raw.Control(func(fd uintptr) { failed = set(sys.Handle(fd)) }), "control")
	return failed
}

// trafficClasses lets c send datagrams to itself, each with a class of its own.
func (w *world) trafficClasses(c packetConn, f sys.Family) {
	w.Helper()
	w.receivesClass(c, f)
	to := c.LocalAddrPort()
	n := w.waits(sys.Readable)
	p := w.receiveMsg(c, 64, 64)
	w.waiting(sys.Readable, n)
	mark := classControl(f, 3)
	sent := call(w, "send", func() count {
		n, oobn, err := c.WriteMsgUDPAddrPort([]byte("marked"), mark, to)
		return count{n + oobn, err}
	}).get()
	if sent.n != len("marked")+len(mark) || sent.err != nil {
		w.Fatalf("send: %d bytes in all, %v, want %d", sent.n, sent.err, len("marked")+len(mark))
	}
	got := p.get()
	if class, ok := classOf(got.oob); string(got.data) != "marked" || got.err != nil || got.flags != 0 || class != 3 || !ok {
		w.Errorf("got %v, flags %#x, class %d %v; want \"marked\", 0, 3", got, got.flags, class, ok)
	}
	out := []stream.Message{{Buffer: []byte("1"), Addr: to, Control: classControl(f, 1)}, {Buffer: []byte("0"), Addr: to}, {Buffer: []byte("2"), Addr: to, Control: classControl(f, 2)}}
	if got := w.writeBatch(c, out).get(); got.n != len(out) || got.err != nil {
		w.Fatalf("batch: %d, %v, want %d", got.n, got.err, len(out))
	}
	in := messages(len(out), 8)
	for i := range in {
		in[i].Control = make([]byte, 64)
	}
	for got := 0; got < len(in); {
		r := w.readBatch(c, in[got:]).get()
		w.check(r.err, "receive a batch")
		got += r.n
	}
	for i, m := range in {
		if class, ok := classOf(m.Control[:m.ControlN]); !bytes.Equal(m.Buffer[:m.N], out[i].Buffer) || !ok || class != out[i].Buffer[0]-'0' || m.Flags != 0 {
			w.Errorf("datagram %d: %q of class %d %v, flags %#x; want %q of that class", i, m.Buffer[:m.N], class, ok, m.Flags, out[i].Buffer)
		}
	}
}

// segmentSize is the size of the datagrams that one call sends.
const segmentSize = 100

func segments(w *world) {
	c, peer := w.packetPair()
	whole := strings.Repeat("a", segmentSize) + strings.Repeat("b", segmentSize) + "rest"
	send := func(to netip.AddrPort) {
		w.Helper()
		sent := call(w, "send", func() count {
			n, _, err := c.WriteMsgUDPAddrPort([]byte(whole), segmentControl(segmentSize), to)
			return count{n, err}
		}).get()
		if sent.n != len(whole) || sent.err != nil {
			w.Fatalf("send of several datagrams: %d, %v, want %d", sent.n, sent.err, len(whole))
		}
	}
	send(addrPort(peer))
	w.delivered(peer, whole[:segmentSize], whole[segmentSize:2*segmentSize], whole[2*segmentSize:])
	joined := w.listenPacket()
	w.check(w.control(joined, receiveSegments), "set the option")
	n := w.waits(sys.Readable)
	p := w.receiveMsg(joined, 1<<10, 64)
	w.waiting(sys.Readable, n)
	send(joined.LocalAddrPort())
	got := p.get()
	if size, ok := segmentOf(got.oob); string(got.data) != whole || got.err != nil || !ok || size != segmentSize {
		w.Errorf("got %d bytes, %v, in segments of %d %v; want %d in segments of %d", len(got.data), got.err, size, ok, len(whole), segmentSize)
	}
}
