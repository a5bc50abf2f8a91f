package streamtest

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strconv"
	"syscall"
	"time"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

// lingerSeconds is longer than any case runs.
const lingerSeconds = 600

// asNetCases are about arguments at the edge, for which package net is the reference: programs pass
// the same values to either.
func asNetCases() []Case {
	return []Case{
		{
			ID: "options/as-net", Doc: "stream.Conn",
			Rule: "The options of a connection accept what those of a net.TCPConn accept, including zero and negative values, and refuse the same.",
			Run:  in(optionsAsNet),
		},
		{
			ID: "options/keep-alive", Doc: "stream.Conn.SetKeepAliveConfig",
			Rule:   "SetKeepAlivePeriod sets when the first probe is sent: after 15 seconds if it is zero. A negative time changes nothing.",
			Source: "net.TCPConn.SetKeepAlivePeriod",
			Run:    in(keepAlivePeriod),
		},
		{
			ID: "close/linger", Doc: "stream.Conn.Close",
			Rule: "Close does not wait for the peer, whatever linger time was set: by SetLinger, by the function of a raw Control, or before the socket " +
				"was adopted. What was written is sent in the background.",
			Source: "socket(7), SO_LINGER: close(2) of a non-blocking socket also waits",
			Run:    in(closeLinger),
		},
		{
			ID: "file/released", Doc: "stream.Conn.ReleaseFile",
			Rule:  "ReleaseFile returns the connection as a blocking file, with the unread bytes. While a call reads or writes, it does nothing and returns ErrBusy.",
			Needs: []Feature{NonblockFlag},
			Run:   in(fileReleased),
			Refused: in(func(w *world) {
				c, _ := w.pair()
				if _, err := c.ReleaseFile(); !errors.Is(err, errors.ErrUnsupported) {
					w.Errorf("a file of a connection: %v, want errors.ErrUnsupported", err)
				}
			}),
		},
		{
			ID: "packet/odd-addresses", Doc: "stream.PacketConn.WriteTo",
			Rule:   "WriteTo an address without an IP goes where package net sends it. An invalid port is an error, never another port.",
			Source: "net.ResolveUDPAddr(\"udp\", \":9999\")",
			Run:    in(oddAddresses),
		},
		{
			ID: "packet/zones", Doc: "stream.PacketConn",
			Rule:  "In every call that takes an address, the zone of an IPv6 address may be an interface's name or index. An unknown name is an error.",
			Needs: []Feature{IPv6},
			Run:   in(zones),
		},
	}
}

// configured is the interface that a conn and a *net.TCPConn share.
type configured interface {
	SetKeepAlivePeriod(d time.Duration) error
	SetKeepAliveConfig(config net.KeepAliveConfig) error
	SetLinger(seconds int) error
	SetReadBuffer(n int) error
	SetWriteBuffer(n int) error
}

func optionsAsNet(w *world) {
	c, peer := w.pair()
	for _, d := range []time.Duration{time.Hour, 30 * time.Second, 1, 0, -1, -time.Hour} {
		w.same(fmt.Sprintf("SetKeepAlivePeriod(%v)", d), c, peer, func(c configured) error { return c.SetKeepAlivePeriod(d) })
	}
	for _, n := range []int{-1, 0, 1, 10} {
		config := net.KeepAliveConfig{Enable: true, Idle: time.Duration(n) * time.Second, Interval: time.Duration(n) * time.Second, Count: n}
		w.same(fmt.Sprintf("SetKeepAliveConfig(%+v)", config), c, peer, func(c configured) error { return c.SetKeepAliveConfig(config) })
	}
	for _, n := range []int{5, 1, -5, -1} {
		w.same(fmt.Sprintf("SetLinger(%d)", n), c, peer, func(c configured) error { return c.SetLinger(n) })
	}
	for _, n := range []int{1 << 16, 1, 0, -1} {
		w.same(fmt.Sprintf("SetReadBuffer(%d)", n), c, peer, func(c configured) error { return c.SetReadBuffer(n) })
		w.same(fmt.Sprintf("SetWriteBuffer(%d)", n), c, peer, func(c configured) error { return c.SetWriteBuffer(n) })
	}
}

// same makes a call of c and of one of package net, and compares whether they succeed.
func (w *world) same(what string, c conn, measure *net.TCPConn, do func(configured) error) {
	w.Helper()
	if got, want := do(c), do(measure); (got == nil) != (want == nil) {
		w.Errorf("%s: %v; package net returns %v", what, got, want)
	}
}

func keepAlivePeriod(w *world) {
	c, _ := w.pair()
	err := c.SetKeepAlivePeriod(time.Minute)
	if errors.Is(err, errors.ErrUnsupported) {
		return // OpenBSD
	}
	w.check(err, "SetKeepAlivePeriod")
	for _, step := range []struct {
		d    time.Duration
		want int
	}{{30 * time.Second, 30}, {time.Millisecond, 1}, {-time.Second, 1}, {0, 15}} {
		w.check(c.SetKeepAlivePeriod(step.d), "SetKeepAlivePeriod")
		raw, err := c.SyscallConn()
		w.check(err, "SyscallConn")
		var got int
		var failed error
		w.check(raw.Control(func(fd uintptr) { got, failed = keepAliveIdle(sys.Handle(fd)) }), "control")
		if errors.Is(failed, errors.ErrUnsupported) {
			return // package syscall has no number for the option
		}
		w.check(failed, "getsockopt")
		if got != step.want {
			w.Errorf("after SetKeepAlivePeriod(%v) the first probe is sent after %d s, want %d", step.d, got, step.want)
		}
	}
}

func closeLinger(w *world) {
	for what, linger := range map[string]func(c conn){
		"SetLinger": func(c conn) { w.check(c.SetLinger(lingerSeconds), "SetLinger") },
		"Control": func(c conn) {
			raw, err := c.SyscallConn()
			w.check(err, "SyscallConn")
			w.check(raw.Control(func(fd uintptr) { err = sys.SetLinger(sys.Handle(fd), lingerSeconds) }), "control")
			w.check(err, "setsockopt")
		},
		"adopted": nil,
	} {
		s, peer := w.connected()
		if linger == nil {
			h, err := s.Release()
			w.check(err, "release")
			w.check(sys.SetLinger(h, lingerSeconds), "setsockopt")
			s, err = w.f.parts.adopted(h)
			if errors.Is(err, errors.ErrUnsupported) {
				w.check(sys.StopLinger(h), "setsockopt")
				w.check(sys.Close(h), "close")
				continue
			}
			w.check(err, "adopt")
		}
		c := w.over(s)
		if linger != nil {
			linger(c)
		}
		written := 0
		for chunk := [][]byte{make([]byte, 1<<16)}; ; {
			n, err := c.TryWritev(chunk)
			written += n
			if err == sys.ErrWouldBlock {
				break
			}
			w.check(err, what+": write")
			if written > fillsEverything {
				w.Fatalf("%s: the kernel takes more than %d bytes for a peer that does not read", what, fillsEverything)
			}
		}
		w.check(call(w, what+": close", c.Close).get(), "close")
		total := 0
		for p := make([]byte, 1<<16); ; {
			n, err := peer.Read(p)
			total += n
			if err != nil {
				break
			}
		}
		if total != written {
			w.Errorf("%s: the peer got %d bytes of %d that were written", what, total, written)
		}
	}
}

// fillsEverything is more than the kernel takes for a peer that does not read.
const fillsEverything = 64 << 20

func fileReleased(w *world) {
	c, peer := w.pair()
	n := w.waits(sys.Readable)
	p := w.read(c, 64)
	w.waiting(sys.Readable, n)
	_, err := c.ReleaseFile()
	w.expectError(err, stream.ErrBusy, "release")
	_, err = peer.Write([]byte("r"))
	w.check(err, "peer's write")
	if got := p.get(); string(got.data) != "r" || got.err != nil {
		w.Fatalf("read: %v", got)
	}
	_, err = peer.Write([]byte("unread"))
	w.check(err, "peer's write")
	w.check(peer.CloseWrite(), "peer's end")
	var f *os.File
	text := make([]byte, 64)
	got := 0
	w.released(func() (err error) {
		f, err = c.ReleaseFile()
		return err
	}, func() {
		n, err := c.TryReadv([][]byte{text[got:]})
		if got += n; err != nil && err != sys.ErrWouldBlock && err != io.EOF {
			w.Fatalf("read: %v", err)
		}
	})
	w.own(f)
	if on, err := sys.IsNonblock(sys.Handle(f.Fd())); on || err != nil {
		w.Errorf("the file is non-blocking: %v, %v", on, err)
	}
	for got < len("unread") {
		n, err := f.Read(text[got:])
		w.check(err, "read of the file")
		got += n
	}
	if string(text[:got]) != "unread" {
		w.Errorf("got %q of the connection and the file, want %q", text[:got], "unread")
	}
	if n := w.spy.open.Load(); n != 0 {
		w.Errorf("%d registrations are still open", n)
	}
	if _, err := c.ReleaseFile(); !errors.Is(err, net.ErrClosed) {
		w.Errorf("a second ReleaseFile: %v", err)
	}
}

func oddAddresses(w *world) {
	peer, err := net.ListenUDP("udp4", nil)
	w.check(err, "peer's listen")
	w.own(peer)
	w.check(peer.SetReadDeadline(time.Now().Add(w.Patience())), "peer's deadline")
	measure, c := w.packetPeer(), w.listenPacket()
	port := peer.LocalAddr().(*net.UDPAddr).Port
	writeTo := func(c net.PacketConn, text string, to *net.UDPAddr) error {
		return call(w, "write", func() error { _, err := c.WriteTo([]byte(text), to); return err }).get()
	}
	for _, ip := range []net.IP{nil, {}, net.IPv4zero, net.IPv4zero.To4(), net.IPv4(127, 0, 0, 1)} {
		to := &net.UDPAddr{IP: ip, Port: port}
		_, want := measure.WriteTo([]byte("net"), to)
		got := writeTo(c, "ours", to)
		if (got == nil) != (want == nil) {
			w.Errorf("write to %#v: %v; package net returns %v", to, got, want)
		}
		if got == nil && want == nil {
			w.delivered(peer, "net", "ours")
		}
	}
	for _, port := range []int{-1, -65536 + port, 65536 + port, 65536} {
		if err := writeTo(c, "lost", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port}); err == nil {
			w.Errorf("a datagram was sent to port %d", port)
		}
	}
	if err := writeTo(c, "short", &net.UDPAddr{IP: net.IP{1, 2, 3}, Port: port}); err == nil {
		w.Errorf("a datagram was sent to an IP of three bytes")
	}
}

func zones(w *world) {
	all, err := net.Interfaces()
	w.check(err, "interfaces")
	loop := ""
	index := 0
	for _, i := range all {
		if i.Flags&net.FlagLoopback != 0 {
			loop, index = i.Name, i.Index
		}
	}
	measure, err := net.ListenPacket("udp6", "[::1%"+loop+"]:0")
	if err != nil {
		return // the system accepts no zone for the loopback address
	}
	w.own(measure)
	to := measure.LocalAddr().(*net.UDPAddr)
	for _, zone := range []string{loop, strconv.Itoa(index)} {
		at := netip.AddrPortFrom(netip.IPv6Loopback().WithZone(zone), 0)
		c := w.packets(stream.ListenPacket(w.spy, at, stream.PacketOptions{}))
		w.check(call(w, "write", func() error {
			_, err := c.WriteTo([]byte("x"), &net.UDPAddr{IP: net.IPv6loopback, Port: to.Port, Zone: zone})
			return err
		}).get(), "WriteTo zone "+zone)
		w.dialPacket(packetNetwork, netip.AddrPortFrom(at.Addr(), uint16(to.Port)).String())
		l, err := w.f.parts.newListener(w.spy, at, stream.ListenOptions{})
		w.check(err, "listen in zone "+zone)
		w.own(l)
		got := w.connect(w.Context(), w.dialer(), netip.AddrPortFrom(at.Addr(), l.AddrPort().Port())).get()
		w.check(got.err, "dial in zone "+zone)
	}
	const nowhere = "no-such-interface"
	at := netip.AddrPortFrom(netip.IPv6Loopback().WithZone(nowhere), 0)
	if l, err := w.f.parts.newListener(w.spy, at, stream.ListenOptions{}); err == nil {
		l.Close()
		w.Errorf("the zone %s was accepted", nowhere)
	}
	if errno := syscall.Errno(0); errors.As(w.connect(w.Context(), w.dialer(), netip.AddrPortFrom(at.Addr(), 9)).get().err, &errno) && errno == syscall.ECONNREFUSED {
		w.Errorf("the zone %s was dialed", nowhere)
	}
}
