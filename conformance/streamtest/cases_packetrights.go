package streamtest

import (
	"errors"
	"net"
	"path/filepath"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

// packetRightsCases are about the methods that a PacketConn shares with *net.UnixConn.
func packetRightsCases() []Case {
	all := []Case{
		{
			ID: "packet/unix-methods", Doc: "stream.PacketConn.ReadMsgUnix",
			Rule: "ReadFromUnix and ReadMsgUnix suspend their caller until a datagram arrives, and return it with the name of its sender, or nil. " +
				"WriteToUnix and WriteMsgUnix send to a name. The methods of *net.UDPConn are refused.",
			Run: in(unixMethods),
		},
		{
			ID: "packet/unix-peers", Doc: "stream.PacketConn.WriteMsgUnix",
			Rule: "On a connected socket, WriteMsgUnix without an address sends to the peer, and any address returns net.ErrWriteToConnected. " +
				"On any other socket, no address is an error.",
			Run: in(unixPeers),
		},
		{
			ID: "packet/descriptors", Doc: "stream.PacketConn.ReadMsgUnix",
			Rule:   "WriteMsgUnix passes descriptors, and ReadMsgUnix receives them, close-on-exec. One for which there is no room causes sys.MsgCTrunc.",
			Source: "unix(7), SCM_RIGHTS",
			Run:    in(descriptors),
		},
	}
	for i := range all {
		all[i].Needs = []Feature{UnixSockets}
		all[i].Refused = in(func(w *world) {
			if _, err := stream.ListenUnixgram(w.spy, "x", stream.PacketOptions{}); !errors.Is(err, errors.ErrUnsupported) {
				w.Errorf("a unix-domain datagram socket: %v, want errors.ErrUnsupported", err)
			}
		})
	}
	return all
}

// unixReads returns the methods of *net.UnixConn that receive.
func unixReads(c packetConn) []method {
	return []method{
		{"ReadFromUnix", func(p []byte) received {
			n, from, err := c.ReadFromUnix(p)
			return received{data: p[:n], name: nameOf(from), err: err}
		}},
		{"ReadMsgUnix", func(p []byte) received {
			oob := make([]byte, controlRoom)
			n, oobn, flags, from, err := c.ReadMsgUnix(p, oob)
			return received{data: p[:n], name: nameOf(from), oob: oob[:oobn], flags: flags, err: err}
		}},
	}
}

// controlRoom is room for a few control messages.
const controlRoom = 128

// nameOf returns the name in a, or "<nil>".
func nameOf(a *net.UnixAddr) string {
	if a != nil && a.Net != unixgramNetwork {
		return a.Net + " " + a.Name
	}
	return a.String()
}

// unixWrites returns the methods of *net.UnixConn that send, with the destination to.
func unixWrites(c packetConn, to *net.UnixAddr) []method {
	return []method{
		{"WriteToUnix", func(p []byte) received { n, err := c.WriteToUnix(p, to); return received{data: p[:n], err: err} }},
		{"WriteMsgUnix", func(p []byte) received {
			n, _, err := c.WriteMsgUnix(p, nil, to)
			return received{data: p[:n], err: err}
		}},
	}
}

func unixMethods(w *world) {
	c, name := w.listenUnixgram(stream.PacketOptions{})
	to := &net.UnixAddr{Name: name, Net: unixgramNetwork}
	peerName := filepath.Join(filepath.Dir(name), "peer")
	peer := w.unixgramPeer(peerName)
	nameless := w.dialPacket(unixgramNetwork, name)
	for _, m := range unixReads(c) {
		n := w.waits(sys.Readable)
		p := w.invoke(m, make([]byte, 64))
		w.waiting(sys.Readable, n)
		for _, text := range []string{"there", "longer"} {
			_, err := peer.WriteTo([]byte(text), to)
			w.check(err, "peer's write")
		}
		if got := p.get(); string(got.data) != "there" || got.err != nil || got.name != peerName || got.flags != 0 || len(got.oob) != 0 {
			w.Errorf("%s: got %v from %q, flags %#x, control %v; want \"there\" from %q", m.name, got, got.name, got.flags, got.oob, peerName)
		}
		got := w.invoke(m, make([]byte, 4)).get()
		if string(got.data) != "long" || got.name != peerName {
			w.Errorf("%s: got %v from %q, want \"long\" from %q", m.name, got, got.name, peerName)
		}
		if m.name == "ReadMsgUnix" {
			if got.flags != sys.MsgTrunc || got.err != nil {
				w.Errorf("%s: flags %#x, %v; want %#x, nil", m.name, got.flags, got.err, sys.MsgTrunc)
			}
		} else {
			w.expectErrorOn(unixgramNetwork, got.err, stream.ErrTruncated, "read")
		}
		w.check(w.write(nameless, []byte("nameless")).get().err, "write")
		if got := w.invoke(m, make([]byte, 64)).get(); string(got.data) != "nameless" || got.err != nil || got.name != "<nil>" {
			w.Errorf("%s: got %v from %q, want \"nameless\" from nil", m.name, got, got.name)
		}
	}
	for _, m := range unixWrites(c, &net.UnixAddr{Name: peerName, Net: unixgramNetwork}) {
		if got := w.invoke(m, []byte(m.name)).get(); string(got.data) != m.name || got.err != nil {
			w.Errorf("%s: sent %v, want %q", m.name, got, m.name)
		}
		p := make([]byte, 64)
		if n, from, err := peer.ReadFromUnix(p); string(p[:n]) != m.name || from.String() != name || err != nil {
			w.Errorf("peer got %q from %v, %v; want %q from %s", p[:n], from, err, m.name, name)
		}
	}
	w.unsupported(append(udpReads(c), udpWrites(c, loopback)...), "WriteToUDP", "WriteToUDPAddrPort")
}

func unixPeers(w *world) {
	receiver, name := w.listenUnixgram(stream.PacketOptions{})
	sender, _ := w.listenUnixgram(stream.PacketOptions{})
	connected := w.dialPacket(unixgramNetwork, name)
	to := &net.UnixAddr{Name: name, Net: unixgramNetwork}
	write := func(c packetConn, to *net.UnixAddr) error {
		return call(w, "send", func() error { _, _, err := c.WriteMsgUnix([]byte("x"), nil, to); return err }).get()
	}
	w.check(write(connected, nil), "WriteMsgUnix to the peer")
	w.expectTexts(receiver, 1, "x")
	w.expectErrorOn(unixgramNetwork, write(connected, to), net.ErrWriteToConnected, "write")
	w.check(write(sender, to), "WriteMsgUnix to a name")
	w.expectTexts(receiver, 1, "x")
	var e *net.OpError
	for _, to := range []*net.UnixAddr{nil, {Net: unixgramNetwork}} {
		if err := write(sender, to); !errors.As(err, &e) || e.Op != "write" {
			w.Errorf("WriteMsgUnix to %v: %v, want a *net.OpError", to, err)
		}
	}
	if n, err := receiver.TryReadBatch(messages(1, 1)); err != sys.ErrWouldBlock {
		w.Errorf("a refused datagram was sent: %d, %v", n, err)
	}
}

func descriptors(w *world) {
	c, name := w.listenUnixgram(stream.PacketOptions{})
	sender, _ := w.listenUnixgram(stream.PacketOptions{})
	to := &net.UnixAddr{Name: name, Net: unixgramNetwork}
	r, o, err := sys.Pipe()
	w.check(err, "pipe")
	w.handle(r)
	w.handle(o)
	read := unixReads(c)[1]
	n := w.waits(sys.Readable)
	p := w.invoke(read, make([]byte, 64))
	w.waiting(sys.Readable, n)
	oob := rights(o)
	sent := call(w, "send", func() count {
		n, oobn, err := sender.WriteMsgUnix([]byte("one"), oob, to)
		return count{n + oobn, err}
	}).get()
	if sent.n != len("one")+len(oob) || sent.err != nil {
		w.Fatalf("send: %d bytes in all, %v, want %d", sent.n, sent.err, len("one")+len(oob))
	}
	got := p.get()
	if string(got.data) != "one" || got.err != nil || got.flags != 0 {
		w.Errorf("got %v, flags %#x; want \"one\"", got, got.flags)
	}
	passed := w.passed(got.oob)
	if len(passed) != 1 {
		w.Fatalf("%d descriptors were received, want 1", len(passed))
	}
	if on, err := closesOnExec(passed[0].handle); err != nil && !errors.Is(err, errors.ErrUnsupported) || err == nil && !on {
		w.Errorf("the received descriptor is close-on-exec: %v, %v", on, err)
	}
	_, err = sys.Write(passed[0].handle, []byte("through it"))
	w.check(err, "write to the received descriptor")
	text := make([]byte, 64)
	if n, err := sys.Read(r, text); string(text[:n]) != "through it" || err != nil {
		w.Errorf("the pipe has %q, %v", text[:n], err)
	}
	for _, room := range []int{0, 1} {
		w.check(call(w, "send", func() error { _, _, err := sender.WriteMsgUnix([]byte("two"), oob, to); return err }).get(), "send")
		got := call(w, "receive", func() received {
			p, oob := make([]byte, 64), make([]byte, room)
			n, oobn, flags, _, err := c.ReadMsgUnix(p, oob)
			return received{data: p[:n], oob: oob[:oobn], flags: flags, err: err}
		}).get()
		if string(got.data) != "two" || got.err != nil || got.flags != sys.MsgCTrunc || len(w.passed(got.oob)) != 0 {
			w.Errorf("with room for %d bytes of control: %v, flags %#x; want \"two\", %#x", room, got, got.flags, sys.MsgCTrunc)
		}
	}
}

// passed returns the descriptors in the control messages of a datagram. The case closes them.
func (w *world) passed(oob []byte) []*ownedHandle {
	w.Helper()
	all, err := receivedRights(oob)
	if err != nil {
		return nil
	}
	var owned []*ownedHandle
	for _, h := range all {
		owned = append(owned, w.handle(h))
	}
	return owned
}
