package streamtest

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

// inheritance opens what is under test from files. The zero value is that of package stream.
type inheritance struct {
	listener func(w stream.Waiter, f *os.File) (*stream.Listener, error)
	conn     func(w stream.Waiter, f *os.File) (net.Conn, error)
	packets  func(w stream.Waiter, f *os.File) (*stream.PacketConn, error)
}

func (w *world) fileListener(f *os.File) (*stream.Listener, error) {
	open := w.f.parts.inherits.listener
	if open == nil {
		open = stream.FileListener
	}
	l, err := open(w.waiter(), f)
	if err == nil {
		w.own(l)
	}
	return l, err
}

func (w *world) fileConn(f *os.File) (net.Conn, error) {
	open := w.f.parts.inherits.conn
	if open == nil {
		open = stream.FileConn
	}
	c, err := open(w.waiter(), f)
	if err == nil {
		w.own(c)
	}
	return c, err
}

func (w *world) filePackets(f *os.File) (*stream.PacketConn, error) {
	open := w.f.parts.inherits.packets
	if open == nil {
		open = stream.FilePacketConn
	}
	c, err := open(w.waiter(), f)
	if err == nil {
		w.own(c)
	}
	return c, err
}

// inheritCases are about sockets that the process has as files.
func inheritCases() []Case {
	all := []Case{
		{
			ID: "inherit/listener", Doc: "stream.FileListener",
			Rule:   "FileListener listens on a duplicate of a socket: closing the file does not affect it, and closing it leaves the file and the path.",
			Source: "sd_listen_fds(3); net.FileListener",
			Run:    in(inheritListener),
		},
		{
			ID: "inherit/conn", Doc: "stream.FileConn",
			Rule:   "FileConn returns a connection over a duplicate of a connected socket, of streams or datagrams, with the options of package net.",
			Source: "net.FileConn",
			Run:    in(inheritConn),
		},
		{
			ID: "inherit/packets", Doc: "stream.FilePacketConn",
			Rule:   "FilePacketConn receives and sends through a duplicate of a datagram socket.",
			Source: "net.FilePacketConn",
			Run:    in(inheritPackets),
		},
		{
			ID: "inherit/refused", Doc: "stream.FileListener",
			Rule:   "The functions refuse what those of package net refuse, with the same texts, and leave the file open.",
			Source: "net.FileListener",
			Run:    in(inheritRefused),
		},
	}
	for i := range all {
		all[i].Needs = []Feature{NonblockFlag}
		all[i].Refused = in(func(w *world) {
			_, peer := w.pair()
			f, err := peer.File()
			if err != nil {
				return // package net has no files of sockets here
			}
			w.own(f)
			if _, err := w.fileConn(f); !errors.Is(err, errors.ErrUnsupported) {
				w.Errorf("a connection of a file: %v, want errors.ErrUnsupported", err)
			}
		})
	}
	return all
}

// fileOf returns the file of a socket of package net.
func (w *world) fileOf(c interface{ File() (*os.File, error) }) *os.File {
	w.Helper()
	f, err := c.File()
	w.check(w.closed(f, err), "file")
	return f
}

func inheritListener(w *world) {
	first := w.listenNet()
	f := w.fileOf(first.(*net.TCPListener))
	l, err := w.fileListener(f)
	w.check(err, "listener of a file")
	w.check(first.Close(), "close of the first listener")
	if l.Addr().String() != first.Addr().String() || l.Addr().Network() != "tcp" {
		w.Errorf("address %v %v, want %v", l.Addr().Network(), l.Addr(), first.Addr())
	}
	under := listener(l)
	if w.f.parts.listener != nil {
		under = w.f.parts.listener(l)
	}
	n := w.waits(sys.Readable)
	accepting := w.accept(under)
	w.waiting(sys.Readable, n)
	peer, err := net.Dial("tcp", l.Addr().String())
	w.check(w.closed(peer, err), "peer's dial")
	got := accepting.get()
	w.check(got.err, "accept")
	w.own(got.c)
	w.speakTCP(got.c.(conn), peer)
	if k, err := w.keepAliveOf(got.c); err == nil && k.on == 0 {
		w.Errorf("an accepted connection has no keep-alive")
	}
	w.check(l.Close(), "close")
	again, err := w.fileListener(f)
	w.check(err, "second listener of a file")
	w.check(f.Close(), "close of the file")
	accepting = w.accept(listener(again))
	peer, err = net.Dial("tcp", again.Addr().String())
	w.check(w.closed(peer, err), "peer's dial after the file was closed")
	got = accepting.get()
	w.check(got.err, "accept after the file was closed")
	w.own(got.c)
	w.speakTCP(got.c.(conn), peer)

	name := w.path()
	unix := w.fileOf(w.listenUnixNet(name).(*net.UnixListener))
	for _, unlink := range []bool{false, true} {
		l, err := w.fileListener(unix)
		w.check(err, "unix-domain listener of a file")
		w.named(l.Addr(), unixNetwork, name, "address")
		if unlink {
			l.SetUnlinkOnClose(true)
		}
		w.check(l.Close(), "close")
		if _, err := os.Lstat(name); errors.Is(err, os.ErrNotExist) != unlink {
			w.Errorf("the path of an inherited listener after Close: %v; SetUnlinkOnClose(true) was called: %v", err, unlink)
		}
	}
}

func inheritConn(w *world) {
	l := w.listenNet()
	dialed, err := net.Dial("tcp", l.Addr().String())
	w.check(w.closed(dialed, err), "dial")
	peer, err := l.Accept()
	w.check(w.closed(peer, err), "peer's accept")
	f := w.fileOf(dialed.(*net.TCPConn))
	got, err := w.fileConn(f)
	w.check(err, "connection of a file")
	w.check(f.Close(), "close of the file")
	w.check(dialed.Close(), "close of the first connection")
	if got.LocalAddr().String() != peer.RemoteAddr().String() || got.RemoteAddr().String() != peer.LocalAddr().String() {
		w.Errorf("addresses %v and %v, want %v and %v", got.LocalAddr(), got.RemoteAddr(), peer.RemoteAddr(), peer.LocalAddr())
	}
	if k, err := w.keepAliveOf(got); err == nil && k.on == 0 {
		w.Errorf("a connection of a file has no keep-alive")
	}
	c, ok := got.(conn)
	if !ok {
		w.Fatalf("a connection of a file is a %T", got)
	}
	w.speakTCP(c, peer)

	receiver := w.packetPeer()
	udp, err := net.Dial("udp", receiver.LocalAddr().String())
	w.check(w.closed(udp, err), "dial of datagrams")
	got, err = w.fileConn(w.fileOf(udp.(*net.UDPConn)))
	w.check(err, "connection of a file for datagrams")
	w.check(w.write(got, []byte("datagram")).get().err, "write")
	w.delivered(receiver, "datagram")
}

func inheritPackets(w *world) {
	first := w.packetPeer()
	f := w.fileOf(first)
	got, err := w.filePackets(f)
	w.check(err, "datagrams of a file")
	w.check(first.Close(), "close of the first socket")
	w.check(f.Close(), "close of the file")
	c, peer := w.packets(got, nil), w.packetPeer()
	if c.LocalAddr().String() != first.LocalAddr().String() {
		w.Errorf("address %v, want %v", c.LocalAddr(), first.LocalAddr())
	}
	n := w.waits(sys.Readable)
	receiving := w.receive(c, 64)
	w.waiting(sys.Readable, n)
	w.post(peer, c, "in")
	if got := receiving.get(); string(got.data) != "in" || got.err != nil || got.from != addrPort(peer) {
		w.Errorf("receive: %v", got)
	}
	w.check(call(w, "send", func() error { _, err := c.WriteTo([]byte("out"), peer.LocalAddr()); return err }).get(), "send")
	w.delivered(peer, "out")
}

func inheritRefused(w *world) {
	path := filepath.Join(w.TempDir(), "file")
	w.check(os.WriteFile(path, nil, 0o600), "write")
	regular, err := os.Open(path)
	w.check(w.closed(regular, err), "open")
	r, pipe, err := os.Pipe()
	w.check(w.closed(r, err), "pipe")
	w.own(pipe)
	over, err := os.Open(path)
	w.check(err, "open")
	w.check(over.Close(), "close")
	_, peer := w.pair()
	tcp, udp := w.fileOf(peer), w.fileOf(w.packetPeer())
	connects := func(cause string, f *os.File) comparison {
		return comparison{cause: cause, net: func() error { c, err := net.FileConn(f); return w.closed(c, err) },
			ours: func() error { _, err := w.fileConn(f); return err }}
	}
	listens := func(cause string, f *os.File) comparison {
		return comparison{cause: cause, net: func() error { l, err := net.FileListener(f); return w.closed(l, err) },
			ours: func() error { _, err := w.fileListener(f); return err }}
	}
	receives := func(cause string, f *os.File) comparison {
		return comparison{cause: cause, net: func() error { c, err := net.FilePacketConn(f); return w.closed(c, err) },
			ours: func() error { _, err := w.filePackets(f); return err }}
	}
	const why = "The file itself says that it is closed."
	w.compare([]comparison{
		connects("connection of a file on disk", regular), listens("listener of a file on disk", regular), receives("datagrams of a file on disk", regular),
		connects("connection of a pipe", r), listens("listener of a pipe", pipe), receives("datagrams of a pipe", r),
		listens("listener of a socket for datagrams", udp), receives("datagrams of TCP", tcp),
		connects("connection of a closed file", over).because(why), listens("listener of a closed file", over).because(why),
	})
	if _, err := pipe.Write([]byte("p")); err != nil {
		w.Errorf("write to a pipe that was refused: %v", err)
	}
	if n, err := io.ReadFull(r, make([]byte, 1)); n != 1 || err != nil {
		w.Errorf("read of a pipe that was refused: %v", err)
	}
	if n := w.spy.open.Load(); n != 1 {
		w.Errorf("%d registrations are open, want that of the connection", n)
	}
}
