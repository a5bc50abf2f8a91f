package streamtest

import (
	"errors"
	"io"
	"net"
	"runtime"
	"syscall"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

// Terminal is claimed if the system has pseudo-terminals.
const Terminal Feature = "terminal"

const (
	lostRule   = "Another owner of an adopted handle may clear its non-blocking flag at any time. The Socket restores the flag, and its calls do not block."
	lostSource = "fcntl(2), F_SETFL: the flag belongs to the open file; os.File.Fd clears it"
)

func lostFlagCases() []Case {
	all := []Case{
		{ID: "lost-flag/pipe", Doc: "stream.Adopt", Run: in(lostFlagOfPipe)},
		{ID: "lost-flag/terminal", Doc: "stream.Adopt", Needs: []Feature{Terminal}, Run: in(lostFlagOfTerminal)},
		{ID: "lost-flag/socket-pair", Doc: "stream.Adopt", Run: in(lostFlagOfPair)},
		{ID: "lost-flag/tcp", Doc: "stream.Adopt", Run: in(lostFlagOfTCP)},
		{ID: "lost-flag/datagrams", Doc: "stream.Adopt", Run: in(lostFlagOfDatagrams)},
		{ID: "lost-flag/copy", Doc: "stream.Adopt", Run: in(lostFlagOfCopies)},
		{ID: "lost-flag/sendfile", Doc: "stream.Adopt", Needs: []Feature{SendFile}, Run: in(lostFlagOfSendfile)},
		{ID: "lost-flag/inherited-listener", Doc: "stream.Adopt", Run: in(lostFlagOfListener)},
		{
			ID: "lost-flag/listener-file", Doc: "stream.Adopt", Run: in(lostFlagOfFile),
			Rule: "After File, the owner of the file may clear the listener's non-blocking flag. The listener restores it, and accepts do not block.",
		},
		{
			ID: "lost-flag/raw", Doc: "stream.Conn.SyscallConn", Run: in(lostFlagOfRaw),
			Rule: "Read and Write of SyscallConn make the handle non-blocking before each call of their function, which therefore does not block.",
		},
	}
	for i := range all {
		all[i].Needs = append(all[i].Needs, NonblockFlag)
		all[i].Source = lostSource
		if all[i].Rule == "" {
			all[i].Rule = lostRule
		}
	}
	return all
}

// lose clears the non-blocking flag of h, as another process with the same open file could.
func (w *world) lose(h sys.Handle) {
	w.Helper()
	w.check(unblock(h), "clear the flag")
	if on, err := sys.IsNonblock(h); on || err != nil {
		w.Fatalf("handle %v is non-blocking: %v, %v", h, on, err)
	}
}

// readsAfterLoss clears the flag and reads until there is nothing left. It wants the reader
// suspended, and not its thread: send provides want only after a garbage collection has ended.
func (w *world) readsAfterLoss(c io.Reader, h sys.Handle, want string, send func()) {
	w.Helper()
	for range 2 {
		w.lose(h)
		n := w.waits(sys.Readable)
		p := w.read(c, 64)
		w.waiting(sys.Readable, n)
		runtime.GC()
		send()
		if got := p.get(); string(got.data) != want || got.err != nil {
			w.Fatalf("read: got %v, want %q", got, want)
		}
	}
}

// writesAfterLoss clears the flag and writes more than the kernel takes. It wants the writer
// suspended before drain reads size bytes.
func (w *world) writesAfterLoss(c io.Writer, h sys.Handle, size int, drain io.Reader) {
	w.Helper()
	w.lose(h)
	n := w.waits(sys.Writable)
	p := w.write(c, make([]byte, size))
	w.waiting(sys.Writable, n)
	runtime.GC()
	_, err := io.ReadFull(drain, make([]byte, size))
	w.check(err, "drain")
	if got := p.get(); got.n != size || got.err != nil {
		w.Fatalf("write: got %v, want %d bytes", got, size)
	}
}

func lostFlagOfPipe(w *world) {
	r, o, err := sys.Pipe()
	w.check(err, "pipe")
	reader, writer := w.adopt(w.handle(r)), w.adopt(w.handle(o))
	w.readsAfterLoss(reader, r, "x", func() {
		_, err := sys.Write(o, []byte("x"))
		w.check(err, "peer's write")
	})
	w.writesAfterLoss(writer, o, bulk, w.drain(r))
}

func lostFlagOfTerminal(w *world) {
	master, slave, err := terminal()
	w.check(err, "open a terminal")
	w.handle(master)
	c := w.adopt(w.handle(slave))
	w.readsAfterLoss(c, slave, "\n", func() {
		_, err := sys.Write(master, []byte("\n"))
		w.check(err, "the user's line")
	})
}

func lostFlagOfPair(w *world) {
	a, b := w.socketPair()
	ah, bh := a.handle, b.handle
	c, peer := w.adopt(a), w.adopt(b)
	w.readsAfterLoss(c, ah, "x", func() {
		if got := w.write(peer, []byte("x")).get(); got.err != nil {
			w.Fatalf("peer's write: %v", got)
		}
	})
	w.writesAfterLoss(c, ah, bulk, w.drain(bh))
}

func lostFlagOfTCP(w *world) {
	s, peer := w.connected()
	h, err := s.Release()
	w.check(err, "release")
	c := w.adopt(w.handle(h))
	w.readsAfterLoss(c, h, "x", func() {
		_, err := peer.Write([]byte("x"))
		w.check(err, "peer's write")
	})
	w.small(c)
	w.writesAfterLoss(c, h, bulk, peer)
}

func lostFlagOfDatagrams(w *world) {
	u, err := net.ListenPacket("udp", "127.0.0.1:0")
	w.check(err, "listen")
	w.own(u)
	s, err := w.f.parts.copied(u.(*net.UDPConn))
	w.check(err, "adopt")
	h := s.Handle()
	c := w.packets(stream.NewPacketConn(s, w.spy))
	w.check(err, "new packet connection")
	w.own(c)
	peer, err := net.Dial("udp", u.LocalAddr().String())
	w.check(err, "dial")
	w.own(peer)
	w.readsAfterLoss(c, h, "x", func() {
		_, err := peer.Write([]byte("x"))
		w.check(err, "peer's write")
	})
}

// lostFlagOfCopies copies from one connection to another whose peer reads late.
func lostFlagOfCopies(w *world) {
	s, sender := w.connected()
	from, err := s.Release()
	w.check(err, "release")
	t, receiver := w.connected()
	to, err := t.Release()
	w.check(err, "release")
	source, sink := w.adopt(w.handle(from)), w.adopt(w.handle(to))
	w.small(sink)
	w.lose(from)
	w.lose(to)
	reads, writes := w.waits(sys.Readable), w.waits(sys.Writable)
	p := call(w, "copy", func() result {
		n, err := sink.ReadFrom(source)
		return result{nil, int(n), err}
	})
	w.waiting(sys.Readable, reads)
	runtime.GC()
	sent := make(chan error, 1)
	go func() {
		_, err := sender.Write(make([]byte, bulk))
		sent <- errors.Join(err, sender.CloseWrite())
	}()
	w.waiting(sys.Writable, writes)
	runtime.GC()
	_, err = io.ReadFull(receiver, make([]byte, bulk))
	w.check(err, "receiver's read")
	w.check(<-sent, "sender's write")
	if got := p.get(); got.n != bulk || got.err != nil {
		w.Fatalf("copy: got %v, want %d bytes", got, bulk)
	}
}

func lostFlagOfSendfile(w *world) {
	s, receiver := w.connected()
	h, err := s.Release()
	w.check(err, "release")
	sink := w.adopt(w.handle(h))
	w.small(sink)
	f := w.file(make([]byte, bulk), 0)
	w.lose(h)
	writes := w.waits(sys.Writable)
	p := call(w, "copy", func() result {
		n, err := sink.ReadFrom(f)
		return result{nil, int(n), err}
	})
	w.waiting(sys.Writable, writes)
	runtime.GC()
	_, err = io.ReadFull(receiver, make([]byte, bulk))
	w.check(err, "receiver's read")
	if got := p.get(); got.n != bulk || got.err != nil {
		w.Fatalf("copy: got %v, want %d bytes", got, bulk)
	}
}

// lostFlagOfListener tests a listening socket that was opened elsewhere.
func lostFlagOfListener(w *world) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	w.check(err, "listen")
	w.own(l)
	adopted, err := w.f.parts.copied(l.(*net.TCPListener))
	w.check(err, "adopt")
	w.own(&adopted)
	h, s := adopted.Handle(), w.f.parts.newSocket(&adopted)
	w.own(dialing{l.Addr().String()})
	for range 2 {
		w.lose(h)
		if err := call(w, "accept", func() error {
			_, _, err := s.TryAccept()
			return err
		}).get(); err != sys.ErrWouldBlock {
			w.Errorf("accept from an empty queue: %v, want sys.ErrWouldBlock", err)
		}
	}
	peer, err := net.Dial("tcp", l.Addr().String())
	w.check(err, "dial")
	w.own(peer)
	w.ready(h, sys.PollIn)
	w.lose(h)
	c, _, err := s.TryAccept()
	w.check(err, "accept")
	w.own(&c)
}

func lostFlagOfFile(w *world) {
	l := w.listen(stream.ListenOptions{})
	f, err := l.File()
	w.check(err, "file")
	w.own(f)
	raw, err := f.SyscallConn()
	w.check(err, "SyscallConn")
	var h sys.Handle
	w.check(raw.Control(func(fd uintptr) { h = sys.Handle(fd) }), "control")
	w.own(dialing{l.Addr().String()})
	for range 2 {
		w.lose(h)
		n := w.waits(sys.Readable)
		p := call(w, "accept", func() error {
			c, err := l.Accept()
			if err == nil {
				w.own(c)
			}
			return err
		})
		w.waiting(sys.Readable, n)
		runtime.GC()
		w.peerOf(l)
		w.check(p.get(), "accept")
	}
}

// lostFlagOfRaw reads through SyscallConn as golang.org/x/net does, by calls without MSG_DONTWAIT.
func lostFlagOfRaw(w *world) {
	c, peer := w.packetPair()
	f, err := c.File()
	w.check(err, "file")
	w.own(f)
	w.own(posting{c.LocalAddr().String()})
	w.rawReadsAfterLoss(c, func() { w.post(peer, c, "x") })

	s, sender := w.connected()
	h, err := s.Release()
	w.check(err, "release")
	adopted := w.adopt(w.handle(h))
	w.rawReadsAfterLoss(adopted, func() {
		_, err := sender.Write([]byte("x"))
		w.check(err, "peer's write")
	})
}

// rawReadsAfterLoss is readsAfterLoss for SyscallConn.
func (w *world) rawReadsAfterLoss(c syscall.Conn, send func()) {
	w.Helper()
	raw, err := c.SyscallConn()
	w.check(err, "SyscallConn")
	for range 2 {
		w.check(raw.Control(func(fd uintptr) { w.lose(sys.Handle(fd)) }), "control")
		n := w.waits(sys.Readable)
		p := call(w, "raw read", func() result {
			p := make([]byte, 64)
			var r result
			err := raw.Read(func(fd uintptr) bool {
				r.n, r.err = plainRead(sys.Handle(fd), p)
				return r.err != sys.ErrWouldBlock
			})
			r.data, r.err = p[:max(r.n, 0)], errors.Join(r.err, err)
			return r
		})
		w.waiting(sys.Readable, n)
		runtime.GC()
		send()
		if got := p.get(); string(got.data) != "x" || got.err != nil {
			w.Fatalf("raw read: got %v, want \"x\"", got)
		}
	}
}

// posting ends a blocked receive when it is closed.
type posting struct{ address string }

func (p posting) Close() error {
	c, err := net.Dial(packetNetwork, p.address)
	if err != nil {
		return err
	}
	_, err = c.Write([]byte("end"))
	return errors.Join(err, c.Close())
}

// dialing ends a blocked accept when it is closed.
type dialing struct{ address string }

func (d dialing) Close() error {
	c, err := net.Dial("tcp", d.address)
	if err == nil {
		err = c.Close()
	}
	return err
}

// drain reads a handle, and waits for what comes.
func (w *world) drain(h sys.Handle) io.Reader { return draining{w, h} }

type draining struct {
	w      *world
	handle sys.Handle
}

func (d draining) Read(p []byte) (int, error) {
	d.w.ready(d.handle, sys.PollIn)
	return sys.Read(d.handle, p)
}
