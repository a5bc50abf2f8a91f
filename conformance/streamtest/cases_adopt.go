package streamtest

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

func adoptCases() []Case {
	all := []Case{
		{
			ID: "adopt/pair", Doc: "stream.Adopt",
			Rule: "Both ends of a socket pair opened elsewhere, blocking or not, can become connections, each the other's peer.",
			Run: in(func(w *world) {
				a, b := w.socketPair()
				w.check(unblock(a.handle), "make blocking")
				c, peer := w.adopt(a), w.adopt(b)
				w.passes(c, peer, "there")
				w.passes(peer, c, "back")
				w.check(peer.Close(), "close")
				w.expectEOF(c)
			}),
		},
		{
			ID: "adopt/pipe", Doc: "stream.Adopt",
			Rule: "Both ends of a pipe can become connections. The reading end gets the bytes and then the end. Without a reader, a write returns EPIPE.",
			Run: in(func(w *world) {
				for _, reads := range []bool{true, false} {
					a, b, err := sys.Pipe()
					w.check(err, "pipe")
					from, to := w.handle(a), w.handle(b)
					reader, writer := w.adopt(from), w.adopt(to)
					w.passes(writer, reader, "through")
					if reads {
						w.check(writer.Close(), "close")
						w.expectEOF(reader)
						continue
					}
					w.check(reader.Close(), "close")
					// A wait that has not left the kernel, or a child that is being forked, keeps
					// the reading end alive briefly.
					suite.Until(w, "the end of a pipe", func() bool {
						err = w.write(writer, []byte("x")).get().err
						return err != nil
					})
					w.expectErrorOn("handle", err, syscall.EPIPE, "write")
				}
			}),
		},
		{
			ID: "adopt/refused", Doc: "stream.Adopt",
			Rule:   "A file on disk is refused with ErrNotPollable, and its owner keeps it. A datagram socket cannot become a Conn.",
			Source: "epoll_ctl(2), EPERM",
			Run: in(func(w *world) {
				f, err := os.Create(filepath.Join(w.TempDir(), "f"))
				w.check(err, "create")
				w.own(f)
				if s, err := w.f.parts.adopted(sys.Handle(f.Fd())); !errors.Is(err, stream.ErrNotPollable) {
					s.Close()
					w.Errorf("adopting a file: %v, want ErrNotPollable", err)
				}
				if s, err := w.f.parts.copied(f); !errors.Is(err, stream.ErrNotPollable) {
					s.Close()
					w.Errorf("adopting a duplicate of a file: %v, want ErrNotPollable", err)
				}
				if _, err := f.Write([]byte("x")); err != nil {
					w.Errorf("a write to a refused file: %v", err)
				}
				u, err := net.ListenPacket("udp", "127.0.0.1:0")
				w.check(err, "listen")
				w.own(u)
				s, err := w.f.parts.copied(u.(*net.UDPConn))
				w.check(err, "adopt")
				w.own(&s)
				if _, err := w.f.parts.newConn(s, w.spy); !errors.Is(err, errors.ErrUnsupported) {
					w.Errorf("a Conn of datagrams: %v, want errors.ErrUnsupported", err)
				}
			}),
		},
		{
			ID: "adopt/duplicate", Doc: "stream.AdoptDuplicate",
			Rule: "A connection of package net and an *os.File are adopted as a duplicate, which continues after the original is closed.",
			Run: in(func(w *world) {
				l := w.listenNet()
				original, err := net.Dial("tcp", l.Addr().String())
				w.check(err, "dial")
				p, err := l.Accept()
				w.check(err, "peer's accept")
				w.own(p)
				c := w.duplicate(original.(*net.TCPConn))
				w.check(original.Close(), "close of the original")
				w.speak(c, p)

				from, to, err := os.Pipe()
				w.check(err, "pipe")
				w.own(to)
				r := w.duplicate(from)
				w.check(from.Close(), "close of the original")
				n := w.waits(sys.Readable)
				read := w.read(r, 64)
				w.waiting(sys.Readable, n)
				_, err = to.Write([]byte("through"))
				w.check(err, "peer's write")
				if got := read.get(); string(got.data) != "through" || got.err != nil {
					w.Fatalf("read: got %v, want %q", got, "through")
				}
			}),
		},
		{
			ID: "adopt/release", Doc: "stream.Conn.Release",
			Rule: "Release returns the open handle and ends the connection. While a call reads or writes, it does nothing and returns ErrBusy.",
			Run: in(func(w *world) {
				a, b := w.socketPair()
				c, peer := w.adopt(a), w.adopt(b)
				n := w.waits(sys.Readable)
				p := w.read(c, 64)
				w.waiting(sys.Readable, n)
				if h, err := c.Release(); h != sys.Invalid || !errors.Is(err, stream.ErrBusy) {
					w.Errorf("Release during a read: %v, %v; want ErrBusy", h, err)
				}
				w.check(w.write(peer, []byte("first")).get().err, "write")
				if got := p.get(); string(got.data) != "first" {
					w.Fatalf("read: got %v, want %q", got, "first")
				}
				w.check(w.write(peer, []byte("second")).get().err, "write")
				before := w.spy.open.Load()
				h, err := c.Release()
				w.check(err, "release")
				again := w.handle(h)
				if got := w.spy.open.Load(); got != before-1 {
					w.Errorf("%d registrations are open after Release, want %d", got, before-1)
				}
				w.expectErrorOn(unixNetwork, w.read(c, 1).get().err, net.ErrClosed, "read")
				w.expectErrorOn(unixNetwork, c.Close(), net.ErrClosed, "close")
				if _, err := c.Release(); !errors.Is(err, net.ErrClosed) {
					w.Errorf("a second Release: %v, want net.ErrClosed", err)
				}
				text := make([]byte, 64)
				if n, err := sys.Recv(again.handle, text); string(text[:n]) != "second" || err != nil {
					w.Errorf("the released handle: %q, %v", text[:n], err)
				}
			}),
		},
		{
			ID: "adopt/release-socket", Doc: "stream.Conn.ReleaseSocket",
			Rule: "ReleaseSocket returns the open socket and ends the connection and its registration. While a call reads or writes, it does nothing and returns ErrBusy.",
			Run:  in(releaseSocket),
		},
		{
			ID: "raw/waits", Doc: "stream.Conn.SyscallConn",
			Rule: "Read and Write of SyscallConn call their function until it returns true, and wait before each further call. Control calls it once.",
			Run: in(func(w *world) {
				c, peer := w.pair()
				raw, err := c.SyscallConn()
				w.check(err, "SyscallConn")
				text, got := make([]byte, 8), 0
				n := w.waits(sys.Readable)
				p := call(w, "raw read", func() error {
					return raw.Read(func(fd uintptr) bool {
						var err error
						got, err = sys.Recv(sys.Handle(fd), text)
						return err != sys.ErrWouldBlock
					})
				})
				w.waiting(sys.Readable, n)
				_, err = peer.Write([]byte("a"))
				w.check(err, "peer's write")
				w.check(p.get(), "raw read")
				if string(text[:got]) != "a" {
					w.Errorf("the function read %q, want %q", text[:got], "a")
				}
				calls := 0
				w.check(raw.Control(func(uintptr) { calls++ }), "control")
				w.check(call(w, "raw write", func() error {
					return raw.Write(func(uintptr) bool {
						calls++
						return calls == 3
					})
				}).get(), "raw write")
				if calls != 3 {
					w.Errorf("%d calls of Control and Write, want 3", calls)
				}
			}),
		},
		{
			ID: "raw/ends", Doc: "stream.Listener.SyscallConn",
			Rule: "A deadline and Close end a raw call. On a listener, Read waits for connections and Write is not supported.",
			Run: in(func(w *world) {
				c, _ := w.pair()
				raw, err := c.SyscallConn()
				w.check(err, "SyscallConn")
				never := func(uintptr) bool { return false }
				w.check(c.SetReadDeadline(time.Now().Add(soon)), "set deadline")
				w.expectError(call(w, "raw read", func() error { return raw.Read(never) }).get(), os.ErrDeadlineExceeded, "raw-read")
				w.check(c.SetReadDeadline(time.Time{}), "set deadline")
				n := w.waits(sys.Readable)
				p := call(w, "raw read", func() error { return raw.Read(never) })
				w.waiting(sys.Readable, n)
				w.check(c.Close(), "close")
				w.expectError(p.get(), net.ErrClosed, "raw-read")
				w.expectError(raw.Control(func(uintptr) {}), net.ErrClosed, "raw-control")

				l, err := stream.Listen(w.spy, loopback, stream.ListenOptions{})
				w.check(err, "listen")
				w.own(l)
				lraw, err := l.SyscallConn()
				w.check(err, "SyscallConn")
				n = w.waits(sys.Readable)
				p = call(w, "raw accept", func() error {
					return lraw.Read(func(fd uintptr) bool {
						h, _, err := sys.Accept(sys.Handle(fd))
						if err == nil {
							sys.Close(h)
						}
						return err != sys.ErrWouldBlock
					})
				})
				w.waiting(sys.Readable, n)
				w.peerOf(l)
				w.check(p.get(), "raw accept")
				w.expectError(lraw.Write(never), errors.ErrUnsupported, "raw-write")
			}),
		},
	}
	for i := range all {
		all[i].Needs = []Feature{NonblockFlag}
		all[i].Refused = in(notAdopted)
	}
	return all
}

// ownedHandle is a handle that the case closes, unless a connection has taken it over.
type ownedHandle struct{ handle sys.Handle }

func (o *ownedHandle) Close() error {
	if o.handle == sys.Invalid {
		return nil
	}
	return sys.Close(o.handle)
}

func (w *world) handle(h sys.Handle) *ownedHandle {
	o := &ownedHandle{h}
	w.own(o)
	return o
}

func (w *world) socketPair() (a, b *ownedHandle) {
	w.Helper()
	one, other, err := sys.SocketPair()
	w.check(err, "socket pair")
	return w.handle(one), w.handle(other)
}

// adopt turns a handle into a connection under test.
func (w *world) adopt(o *ownedHandle) conn {
	w.Helper()
	s, err := w.f.parts.adopted(o.handle)
	w.check(err, "adopt")
	o.handle = sys.Invalid
	return w.over(s)
}

// duplicate turns a duplicate of the handle of c into a connection under test.
func (w *world) duplicate(c syscall.Conn) conn {
	w.Helper()
	s, err := w.f.parts.copied(c)
	w.check(err, "adopt")
	return w.over(s)
}

func (w *world) over(s stream.Socket) conn {
	w.Helper()
	c, err := w.f.parts.newConn(s, w.spy)
	if err != nil {
		s.Close()
		w.Fatalf("new connection: %v", err)
	}
	w.own(c)
	return c
}

// passes reads at one end what is written at the other. The reader waits first.
func (w *world) passes(from, to conn, text string) {
	w.Helper()
	n := w.waits(sys.Readable)
	p := w.read(to, 64)
	w.waiting(sys.Readable, n)
	if got := w.write(from, []byte(text)).get(); got.n != len(text) || got.err != nil {
		w.Fatalf("write: got %v", got)
	}
	if got := p.get(); string(got.data) != text || got.err != nil {
		w.Fatalf("read: got %v, want %q", got, text)
	}
}

func notAdopted(w *world) {
	if _, err := stream.Adopt(sys.Invalid); !errors.Is(err, errors.ErrUnsupported) {
		w.Errorf("adopting a handle: %v, want errors.ErrUnsupported", err)
	}
}
