package streamtest

import (
	"errors"
	"net"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

func packetAdoptCases() []Case {
	all := []Case{
		{
			ID: "packet/adopt", Doc: "stream.NewPacketConn",
			Rule: "A UDP socket of package net, connected or not, is adopted as a duplicate. It works like one opened here, and continues after the original is closed.",
			Run: in(func(w *world) {
				peer := w.packetPeer()
				original, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(loopback))
				w.check(err, "listen")
				c := w.duplicatePackets(original)
				w.check(original.Close(), "close of the original")
				n := w.waits(sys.Readable)
				p := w.receive(c, 64)
				w.waiting(sys.Readable, n)
				w.post(peer, c, "here")
				if got := p.get(); string(got.data) != "here" || got.err != nil || got.from != addrPort(peer) {
					w.Errorf("got %v, want \"here\" from %v", got, peer.LocalAddr())
				}
				w.post(peer, c, "")
				w.expectPacket(c, "", peer)
				w.check(call(w, "send", func() error { _, err := c.WriteToAddrPort([]byte("back"), addrPort(peer)); return err }).get(), "send")
				connected, err := net.DialUDP(packetNetwork, nil, peer.LocalAddr().(*net.UDPAddr))
				w.check(err, "dial")
				d := w.duplicatePackets(connected)
				w.check(connected.Close(), "close of the original")
				if a := d.RemoteAddr(); a == nil || a.String() != peer.LocalAddr().String() {
					w.Errorf("remote address %v, want %v", a, peer.LocalAddr())
				}
				w.check(w.write(d, []byte("too")).get().err, "write")
				w.delivered(peer, "back", "too")
			}),
		},
		{
			ID: "packet/release", Doc: "stream.PacketConn.Release",
			Rule: "Release returns the open handle with the unread datagrams, and ends the connection. While a call reads, it does nothing and returns ErrBusy.",
			Run: in(func(w *world) {
				c, peer := w.packetPair()
				n := w.waits(sys.Readable)
				p := w.receive(c, 64)
				w.waiting(sys.Readable, n)
				_, err := c.Release()
				w.expectErrorOn(packetNetwork, err, stream.ErrBusy, "release")
				w.post(peer, c, "read", "unread")
				if got := p.get(); string(got.data) != "read" || got.err != nil {
					w.Errorf("read: %v", got)
				}
				h, err := c.Release()
				w.check(err, "release")
				o := w.handle(h)
				if n := w.spy.open.Load(); n != 0 {
					w.Errorf("%d registrations are left open", n)
				}
				w.expectErrorOn(packetNetwork, c.Close(), net.ErrClosed, "close")
				m := stream.Message{Buffer: make([]byte, 64)}
				if err := sys.RecvMessage(o.handle, &m); err != nil || string(m.Buffer[:m.N]) != "unread" {
					w.Errorf("the released handle has %q, %v", m.Buffer[:m.N], err)
				}
			}),
		},
	}
	for i := range all {
		all[i].Needs = []Feature{UnixSockets} // systems without them adopt nothing
		all[i].Refused = in(func(w *world) {
			if _, err := stream.Adopt(sys.Invalid); !errors.Is(err, errors.ErrUnsupported) {
				w.Errorf("adopting a handle: %v, want errors.ErrUnsupported", err)
			}
		})
	}
	return all
}

// duplicatePackets turns a duplicate of the handle of c into a connection under test.
func (w *world) duplicatePackets(c *net.UDPConn) packetConn {
	w.Helper()
	s, err := w.f.parts.copied(c)
	w.check(err, "adopt")
	p, err := stream.NewPacketConn(s, w.spy)
	if err != nil {
		s.Close()
	}
	return w.packets(p, err)
}
