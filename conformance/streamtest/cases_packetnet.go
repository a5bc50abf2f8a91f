package streamtest

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"time"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

// packetNetCases are about the methods that a PacketConn shares with *net.UDPConn.
func packetNetCases() []Case {
	return []Case{
		{
			ID: "packet/udp-reads", Doc: "stream.PacketConn.ReadFromUDP",
			Rule: "ReadFromUDP, ReadMsgUDP and their AddrPort forms suspend their caller until a datagram arrives, and return it with its sender.",
			Run:  in(udpReadsWait),
		},
		{
			ID: "packet/udp-writes", Doc: "stream.PacketConn.WriteMsgUDP",
			Rule: "WriteToUDP, WriteMsgUDP and their AddrPort forms send one datagram to the address, and return how many bytes they sent.",
			Run:  in(udpWritesSend),
		},
		{
			ID: "packet/udp-peers", Doc: "stream.PacketConn.WriteMsgUDP",
			Rule: "On a connected socket, WriteMsgUDP without an address sends to the peer, and any address returns net.ErrWriteToConnected. " +
				"On any other socket, no address is an error. An invalid port is always an error.",
			Source: "net.UDPConn.WriteMsgUDP",
			Run:    in(udpPeers),
		},
		{
			ID: "packet/udp-truncated", Doc: "stream.PacketConn.ReadMsgUDP",
			Rule: "ReadMsgUDP of a datagram that is longer than the buffer returns what fits, the sender and sys.MsgTrunc, without an error. " +
				"ReadFromUDP returns ErrTruncated.",
			Source: "net.UDPConn.ReadMsgUDP",
			Run:    in(udpTruncated),
		},
		{
			ID: "packet/udp-ends", Doc: "stream.PacketConn.SetDeadline",
			Rule: "A deadline and Close end the methods of *net.UDPConn, running or later.",
			Run:  in(udpEnds),
		},
		{
			ID: "packet/udp-errors", Doc: "stream.PacketConn.WriteMsgUDP",
			Rule:   "An error of WriteMsgUDP is a *net.OpError that wraps an *os.SyscallError of sendmsg, and nothing is sent.",
			Source: "quic-go, isPermissionError: it retries a sendmsg that returned EPERM",
			Run:    in(udpErrors),
		},
		{
			ID: "packet/udp-kind", Doc: "stream.PacketConn.ReadMsgUnix",
			Rule: "The methods of *net.UnixConn return an error that is errors.ErrUnsupported for a UDP socket.",
			Run: in(func(w *world) {
				c := w.listenPacket()
				w.unsupported(append(unixReads(c), unixWrites(c, &net.UnixAddr{Name: "x", Net: unixgramNetwork})...), "WriteToUnix")
			}),
		},
		{
			ID: "packet/options-as-net", Doc: "stream.PacketConn.SetReadBuffer",
			Rule: "SetReadBuffer and SetWriteBuffer accept what those of a net.UDPConn accept, including zero and negative values, and refuse the same.",
			Run:  in(packetOptionsAsNet),
		},
		{
			ID: "packet/file", Doc: "stream.PacketConn.File",
			Rule: "File returns a duplicate. The connection survives when the file is closed, and the file when the connection is. " +
				"The connection does not block, whether the file does or not.",
			Needs: []Feature{NonblockFlag},
			Run:   in(packetFile),
			Refused: in(func(w *world) {
				if _, err := w.listenPacket().File(); !errors.Is(err, errors.ErrUnsupported) {
					w.Errorf("a file of a socket: %v, want errors.ErrUnsupported", err)
				}
			}),
		},
	}
}

// method is a named call of a connection.
type method struct {
	name string
	call func(p []byte) received
}

// udpReads returns the methods of *net.UDPConn that receive.
func udpReads(c packetConn) []method {
	return []method{
		{"ReadFromUDP", func(p []byte) received {
			n, from, err := c.ReadFromUDP(p)
			return received{data: p[:n], from: from.AddrPort(), err: err}
		}},
		{"ReadFromUDPAddrPort", func(p []byte) received {
			n, from, err := c.ReadFromUDPAddrPort(p)
			return received{data: p[:n], from: from, err: err}
		}},
		{"ReadMsgUDP", func(p []byte) received {
			n, _, flags, from, err := c.ReadMsgUDP(p, nil)
			return received{data: p[:n], from: from.AddrPort(), flags: flags, err: err}
		}},
		{"ReadMsgUDPAddrPort", func(p []byte) received {
			n, _, flags, from, err := c.ReadMsgUDPAddrPort(p, nil)
			return received{data: p[:n], from: from, flags: flags, err: err}
		}},
	}
}

// udpWrites returns the methods of *net.UDPConn that send, with the destination to.
func udpWrites(c packetConn, to netip.AddrPort) []method {
	addr := net.UDPAddrFromAddrPort(to)
	sent := func(p []byte, n int, err error) received { return received{data: p[:n], err: err} }
	return []method{
		{"WriteToUDP", func(p []byte) received { n, err := c.WriteToUDP(p, addr); return sent(p, n, err) }},
		{"WriteToUDPAddrPort", func(p []byte) received { n, err := c.WriteToUDPAddrPort(p, to); return sent(p, n, err) }},
		{"WriteMsgUDP", func(p []byte) received { n, _, err := c.WriteMsgUDP(p, nil, addr); return sent(p, n, err) }},
		{"WriteMsgUDPAddrPort", func(p []byte) received { n, _, err := c.WriteMsgUDPAddrPort(p, nil, to); return sent(p, n, err) }},
	}
}

// invoke runs m where it may wait.
func (w *world) invoke(m method, p []byte) *pending[received] {
	return call(w, m.name, func() received { return m.call(p) })
}

// unsupported wants an error that is errors.ErrUnsupported from all methods except the named ones,
// which only fail.
func (w *world) unsupported(all []method, except ...string) {
	w.Helper()
	for _, m := range all {
		if got := w.invoke(m, make([]byte, 8)).get(); got.err == nil || !slices.Contains(except, m.name) && !errors.Is(got.err, errors.ErrUnsupported) {
			w.Errorf("%s: %v, want errors.ErrUnsupported", m.name, got)
		}
	}
}

func udpReadsWait(w *world) {
	c, peer := w.packetPair()
	for _, m := range udpReads(c) {
		n := w.waits(sys.Readable)
		p := w.invoke(m, make([]byte, 64))
		w.waiting(sys.Readable, n)
		w.post(peer, c, "there", "")
		if got := p.get(); string(got.data) != "there" || got.err != nil || got.from != addrPort(peer) || got.flags != 0 {
			w.Errorf("%s: got %v, flags %#x; want \"there\" from %v", m.name, got, got.flags, peer.LocalAddr())
		}
		if got := w.invoke(m, make([]byte, 64)).get(); len(got.data) != 0 || got.err != nil || got.from != addrPort(peer) {
			w.Errorf("%s of an empty datagram: got %v, want one from %v", m.name, got, peer.LocalAddr())
		}
	}
}

func udpWritesSend(w *world) {
	c, peer := w.packetPair()
	for _, m := range udpWrites(c, addrPort(peer)) {
		for _, text := range []string{"from " + m.name, ""} {
			if got := w.invoke(m, []byte(text)).get(); string(got.data) != text || got.err != nil {
				w.Fatalf("%s: sent %v, want %q", m.name, got, text)
			}
			w.delivered(peer, text)
		}
	}
}

// udpSender is the interface of *net.UDPConn that udpPeers compares.
type udpSender interface {
	WriteToUDP(p []byte, to *net.UDPAddr) (int, error)
	WriteMsgUDP(p, oob []byte, to *net.UDPAddr) (n, oobn int, err error)
	WriteMsgUDPAddrPort(p, oob []byte, to netip.AddrPort) (n, oobn int, err error)
}

func udpPeers(w *world) {
	c, measure := w.packetPair()
	peer := w.packetPeer()
	d := w.dialPacket(packetNetwork, peer.LocalAddr().String())
	connected, err := net.DialUDP(packetNetwork, nil, peer.LocalAddr().(*net.UDPAddr))
	w.check(err, "dial")
	w.own(connected)
	to := peer.LocalAddr().(*net.UDPAddr)
	for _, try := range []struct {
		what string
		send func(s udpSender) error
	}{
		{"WriteToUDP without an address", func(s udpSender) error { _, err := s.WriteToUDP([]byte("x"), nil); return err }},
		{"WriteToUDP", func(s udpSender) error { _, err := s.WriteToUDP([]byte("x"), to); return err }},
		{"WriteMsgUDP without an address", func(s udpSender) error { _, _, err := s.WriteMsgUDP([]byte("x"), nil, nil); return err }},
		{"WriteMsgUDP", func(s udpSender) error { _, _, err := s.WriteMsgUDP([]byte("x"), nil, to); return err }},
		{"WriteMsgUDPAddrPort without an address", func(s udpSender) error {
			_, _, err := s.WriteMsgUDPAddrPort([]byte("x"), nil, netip.AddrPort{})
			return err
		}},
		{"WriteMsgUDPAddrPort with a port only", func(s udpSender) error {
			_, _, err := s.WriteMsgUDPAddrPort([]byte("x"), nil, netip.AddrPortFrom(netip.Addr{}, 9))
			return err
		}},
		{"WriteMsgUDPAddrPort", func(s udpSender) error {
			_, _, err := s.WriteMsgUDPAddrPort([]byte("x"), nil, to.AddrPort())
			return err
		}},
	} {
		for _, s := range []struct {
			kind    string
			c       packetConn
			measure *net.UDPConn
		}{{"unconnected", c, measure}, {"connected", d, connected}} {
			want := try.send(s.measure)
			if want == nil {
				w.delivered(peer, "x")
			}
			got := call(w, try.what, func() error { return try.send(s.c) }).get()
			if got == nil && want == nil {
				w.delivered(peer, "x")
			}
			if (got == nil) != (want == nil) || errors.Is(got, net.ErrWriteToConnected) != errors.Is(want, net.ErrWriteToConnected) {
				w.Errorf("%s, %s: %v; package net returns %v", try.what, s.kind, got, want)
			}
			if e := (*net.OpError)(nil); got != nil && (!errors.As(got, &e) || e.Op != "write") {
				w.Errorf("%s, %s: %v (%T), want a *net.OpError", try.what, s.kind, got, got)
			}
		}
	}
	odd := &net.UDPAddr{IP: to.IP, Port: to.Port + 1<<16}
	if err := call(w, "send", func() error { _, _, err := c.WriteMsgUDP([]byte("x"), nil, odd); return err }).get(); err == nil {
		w.Errorf("WriteMsgUDP to port %d: no error", odd.Port)
	}
}

func udpTruncated(w *world) {
	c, peer := w.packetPair()
	for _, m := range udpReads(c) {
		w.post(peer, c, "longer", "next")
		got := w.invoke(m, make([]byte, 4)).get()
		if string(got.data) != "long" || got.from != addrPort(peer) {
			w.Errorf("%s: got %v, want \"long\" from %v", m.name, got, peer.LocalAddr())
		}
		if m.name == "ReadMsgUDP" || m.name == "ReadMsgUDPAddrPort" {
			if got.flags != sys.MsgTrunc || got.err != nil {
				w.Errorf("%s: flags %#x, %v; want %#x, nil", m.name, got.flags, got.err, sys.MsgTrunc)
			}
		} else {
			w.expectErrorOn(packetNetwork, got.err, stream.ErrTruncated, "read")
		}
		w.expectPacket(c, "next", peer)
	}
}

func udpEnds(w *world) {
	c, peer := w.packetPair()
	late := func() { w.check(c.SetDeadline(time.Unix(1, 0)), "set deadline") }
	for _, m := range udpReads(c) {
		w.check(c.SetDeadline(time.Time{}), "clear deadline")
		n := w.waits(sys.Readable)
		p := w.invoke(m, make([]byte, 64))
		w.waiting(sys.Readable, n)
		late()
		w.expectErrorOn(packetNetwork, p.get().err, os.ErrDeadlineExceeded, "read")
		w.expectErrorOn(packetNetwork, w.invoke(m, make([]byte, 64)).get().err, os.ErrDeadlineExceeded, "read")
	}
	for _, m := range udpWrites(c, addrPort(peer)) {
		w.expectErrorOn(packetNetwork, w.invoke(m, []byte("x")).get().err, os.ErrDeadlineExceeded, "write")
	}
	for i := range udpReads(c) {
		closed := w.listenPacket()
		n := w.waits(sys.Readable)
		p := w.invoke(udpReads(closed)[i], make([]byte, 64))
		w.waiting(sys.Readable, n)
		w.check(closed.Close(), "close")
		w.expectErrorOn(packetNetwork, p.get().err, net.ErrClosed, "read")
		w.expectErrorOn(packetNetwork, w.invoke(udpReads(closed)[i], make([]byte, 64)).get().err, net.ErrClosed, "read")
		w.expectErrorOn(packetNetwork, w.invoke(udpWrites(closed, addrPort(peer))[i], []byte("x")).get().err, net.ErrClosed, "write")
		w.expectErrorOn(packetNetwork, closed.SetReadBuffer(1), net.ErrClosed, "set")
		w.expectErrorOn(packetNetwork, closed.SetWriteBuffer(1), net.ErrClosed, "set")
		_, err := closed.File()
		w.expectErrorOn(packetNetwork, err, net.ErrClosed, "file")
	}
}

func udpErrors(w *world) {
	c, peer := w.packetPair()
	for _, m := range udpWrites(c, addrPort(peer))[2:] {
		got := w.invoke(m, make([]byte, tooLong)).get()
		var op *net.OpError
		var failed *os.SyscallError
		if !errors.As(got.err, &op) || !errors.As(op.Err, &failed) || failed.Syscall != "sendmsg" || len(got.data) != 0 || op.Addr == nil || op.Addr.String() != peer.LocalAddr().String() {
			w.Errorf("%s of %d bytes: %v, want an error of sendmsg to %v", m.name, tooLong, got, peer.LocalAddr())
		}
	}
	w.check(call(w, "send", func() error { _, _, err := c.WriteMsgUDPAddrPort([]byte("x"), nil, addrPort(peer)); return err }).get(), "send")
	w.delivered(peer, "x")
}

// buffered is the interface that a packetConn and a *net.UDPConn share.
type buffered interface {
	SetReadBuffer(n int) error
	SetWriteBuffer(n int) error
}

func packetOptionsAsNet(w *world) {
	c, measure := w.packetPair()
	for _, n := range []int{1 << 16, 1, 0, -1} {
		for what, set := range map[string]func(b buffered) error{
			"SetReadBuffer":  func(b buffered) error { return b.SetReadBuffer(n) },
			"SetWriteBuffer": func(b buffered) error { return b.SetWriteBuffer(n) },
		} {
			if got, want := set(c), set(measure); (got == nil) != (want == nil) {
				w.Errorf("%s(%d): %v; package net returns %v", what, n, got, want)
			}
		}
	}
}

func packetFile(w *world) {
	c, peer := w.packetPair()
	f, err := c.File()
	w.check(err, "file")
	w.own(f)
	w.expectNonblock(f, !sys.DontWait)
	n := w.waits(sys.Readable)
	p := w.receive(c, 64)
	w.waiting(sys.Readable, n)
	w.post(peer, c, "for the connection")
	if got := p.get(); string(got.data) != "for the connection" || got.err != nil {
		w.Errorf("read while a file exists: %v", got)
	}
	w.check(f.Close(), "close of the file")
	w.post(peer, c, "still there")
	w.expectPacket(c, "still there", peer)
	f, err = c.File()
	w.check(err, "file")
	w.own(f)
	w.check(c.Close(), "close")
	if n := w.spy.open.Load(); n != 0 {
		w.Errorf("%d registrations are still open", n)
	}
	_, err = peer.WriteToUDPAddrPort([]byte("for the file"), c.LocalAddrPort())
	w.check(err, "peer's write")
	text := make([]byte, 64)
	if n, err := f.Read(text); string(text[:n]) != "for the file" || err != nil {
		w.Errorf("read of the file: %q, %v", text[:n], err)
	}
	again, err := net.FilePacketConn(f)
	w.check(err, "connection of package net")
	w.own(again)
	if got, want := fmt.Sprint(again.LocalAddr()), fmt.Sprint(c.LocalAddr()); got != want {
		w.Errorf("address of the file: %s, want %s", got, want)
	}
}

// expectNonblock checks the non-blocking flag of f, without a change.
func (w *world) expectNonblock(f *os.File, want bool) {
	w.Helper()
	raw, err := f.SyscallConn()
	w.check(err, "SyscallConn")
	w.check(raw.Control(func(fd uintptr) {
		if on, err := sys.IsNonblock(sys.Handle(fd)); on != want || err != nil {
			w.Errorf("the file is non-blocking: %v, %v; want %v", on, err, want)
		}
	}), "control")
}
