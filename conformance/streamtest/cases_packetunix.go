package streamtest

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

// fullTries bounds the datagrams that fill the queue of a unix-domain socket.
const fullTries = 1 << 12

func packetUnixCases() []Case {
	all := []Case{
		{
			ID: "packet/unix", Doc: "stream.PacketConn.ReadFrom",
			Rule: "Unix-domain datagrams are addressed by name, and replies by the name of the sender. A sender without a name has the nil address.",
			Run: in(func(w *world) {
				c, name := w.listenUnixgram(stream.PacketOptions{})
				peerName := filepath.Join(filepath.Dir(name), "peer")
				peer := w.unixgramPeer(peerName)
				if got := c.LocalAddr(); got.Network() != unixgramNetwork || got.String() != name || c.RemoteAddr() != nil {
					w.Errorf("addresses %v %v and %v, want %s", got.Network(), got, c.RemoteAddr(), name)
				}
				n := w.waits(sys.Readable)
				p := w.receiveFrom(c)
				w.waiting(sys.Readable, n)
				_, err := peer.WriteTo([]byte("there"), &net.UnixAddr{Name: name, Net: unixgramNetwork})
				w.check(err, "peer's write")
				got := p.get()
				if string(got.data) != "there" || got.err != nil || got.from == nil || got.from.Network() != unixgramNetwork || got.from.String() != peerName {
					w.Fatalf("got %q from %v, %v; want \"there\" from %s", got.data, got.from, got.err, peerName)
				}
				w.check(call(w, "send", func() error { _, err := c.WriteTo([]byte("back"), got.from); return err }).get(), "answer")
				back := make([]byte, 64)
				if n, from, err := peer.ReadFrom(back); string(back[:n]) != "back" || from == nil || from.String() != name || err != nil {
					w.Errorf("peer got %q from %v, %v; want \"back\" from %s", back[:n], from, err, name)
				}
				d := w.dialPacket(unixgramNetwork, name)
				if got := d.RemoteAddr(); got == nil || got.Network() != unixgramNetwork || got.String() != name {
					w.Errorf("remote address %v, want %s", got, name)
				}
				w.check(w.write(d, []byte("nameless")).get().err, "write")
				if got := w.receiveFrom(c).get(); string(got.data) != "nameless" || got.err != nil || got.from != nil {
					w.Errorf("got %q from %v, %v; want \"nameless\" from nil", got.data, got.from, got.err)
				}
				ms := messages(2, 64)
				_, err = peer.WriteTo([]byte("batch"), &net.UnixAddr{Name: name, Net: unixgramNetwork})
				w.check(err, "peer's write")
				if got := w.readBatch(c, ms).get(); got.n != 1 || got.err != nil || ms[0].Name != peerName || ms[0].N != 5 {
					w.Errorf("batch: %d, %v, %d bytes from %q", got.n, got.err, ms[0].N, ms[0].Name)
				}
			}),
		},
		{
			ID: "packet/unix-path", Doc: "stream.ListenUnixgram",
			Rule: "Listening on a path in use returns EADDRINUSE, and the path stays. Close removes the path unless PacketOptions.KeepPath is set. A dial of a missing path returns ENOENT and leaves nothing open.",
			Run: in(func(w *world) {
				c, name := w.listenUnixgram(stream.PacketOptions{})
				keeper, kept := w.listenUnixgram(stream.PacketOptions{KeepPath: true})
				_, err := stream.ListenUnixgram(w.spy, name, stream.PacketOptions{})
				w.expectErrorOn(unixgramNetwork, err, syscall.EADDRINUSE, "listen")
				if _, err := os.Lstat(name); err != nil {
					w.Errorf("the path of a socket after another one was refused: %v", err)
				}
				w.check(errors.Join(c.Close(), keeper.Close()), "close")
				if _, err := os.Lstat(name); !errors.Is(err, os.ErrNotExist) {
					w.Errorf("the path after Close: %v, want that it does not exist", err)
				}
				if _, err := os.Lstat(kept); err != nil {
					w.Errorf("a path that was to be kept, after Close: %v", err)
				}
				d := stream.Dialer{Waiter: w.spy}
				_, err = d.DialContext(w.Context(), unixgramNetwork, name)
				w.expectErrorOn(unixgramNetwork, err, syscall.ENOENT, "dial")
				if n := w.spy.open.Load(); n != 0 {
					w.Errorf("%d registrations are still open", n)
				}
			}),
		},
		{
			ID: "packet/unix-full", Doc: "stream.ErrPeerFull",
			Rule: "A send by name to a unix-domain socket with a full queue returns ErrPeerFull at once. A connected sender waits if the system has an event for it, " +
				"and sends when there is room. No datagram is lost.",
			Source: "unix(7), EAGAIN of an unconnected sender: the socket is writable, but cannot send",
			Run: in(func(w *world) {
				receiver, name := w.listenUnixgram(stream.PacketOptions{})
				sender, _ := w.listenUnixgram(stream.PacketOptions{})
				to := &net.UnixAddr{Name: name, Net: unixgramNetwork}
				n := w.waits(sys.Writable)
				sent, err := 0, error(nil)
				for ; err == nil && sent < fullTries; sent++ {
					err = call(w, "send", func() error { _, err := sender.WriteTo([]byte("x"), to); return err }).get()
				}
				sent--
				w.expectErrorOn(unixgramNetwork, err, stream.ErrPeerFull, "write")
				if got := w.waits(sys.Writable); got != n {
					w.Errorf("sends by name waited %d times", got-n)
				}
				d := w.dialPacket(unixgramNetwork, name)
				p := w.write(d, []byte("last"))
				if w.settledOrWaiting(p, n) {
					w.expectTexts(receiver, sent, "x")
					if got := p.get(); got.n != 4 || got.err != nil {
						w.Fatalf("write to a full queue: %v", got)
					}
				} else {
					w.expectErrorOn(unixgramNetwork, p.get().err, stream.ErrPeerFull, "write")
					w.expectTexts(receiver, sent, "x")
					w.check(w.write(d, []byte("last")).get().err, "write after the queue has room")
				}
				w.expectTexts(receiver, 1, "last")
			}),
		},
		{
			ID: "packet/unix-wait", Doc: "stream.PacketConn.Write",
			Rule: "A write that waits for room ends at its deadline, on Close, and with ECONNREFUSED after the receiver is closed. It then sends nothing.",
			Run: in(func(w *world) {
				receiver, name := w.listenUnixgram(stream.PacketOptions{})
				late, closed, left := w.dialPacket(unixgramNetwork, name), w.dialPacket(unixgramNetwork, name), w.dialPacket(unixgramNetwork, name)
				for _, end := range []struct {
					c   packetConn
					how func() error
					err error
				}{
					{late, func() error { return late.SetWriteDeadline(time.Unix(1, 0)) }, os.ErrDeadlineExceeded},
					{closed, closed.Close, net.ErrClosed},
					{left, receiver.Close, syscall.ECONNREFUSED},
				} {
					p, sent := w.fillPeer(end.c)
					if p == nil {
						return // the system has no event for it
					}
					w.check(end.how(), "end of the wait")
					w.expectErrorOn(unixgramNetwork, p.get().err, end.err, "write")
					if end.err == syscall.ECONNREFUSED {
						return
					}
					w.expectTexts(receiver, sent, "x")
					if n, err := receiver.TryReadBatch(messages(1, 1)); err != sys.ErrWouldBlock {
						w.Fatalf("the failed write was sent: %d, %v", n, err)
					}
				}
			}),
		},
	}
	for i := range all {
		all[i].Needs = []Feature{UnixSockets}
		all[i].Refused = in(func(w *world) {
			if _, err := stream.OpenUnixgram(); !errors.Is(err, errors.ErrUnsupported) {
				w.Errorf("opening a unix-domain datagram socket: %v, want errors.ErrUnsupported", err)
			}
		})
	}
	return all
}

// listenUnixgram returns a connection under test and its path.
func (w *world) listenUnixgram(config stream.PacketOptions) (packetConn, string) {
	w.Helper()
	name := w.path()
	return w.packets(stream.ListenUnixgram(w.spy, name, config)), name
}

// unixgramPeer returns a socket of package net.
func (w *world) unixgramPeer(name string) *net.UnixConn {
	w.Helper()
	c, err := net.ListenUnixgram(unixgramNetwork, &net.UnixAddr{Name: name, Net: unixgramNetwork})
	w.check(err, "peer's listen")
	w.own(c)
	w.check(c.SetReadDeadline(time.Now().Add(w.Patience())), "peer's deadline")
	return c
}

// fillPeer writes to d until a write waits. It returns that write and how many datagrams were sent
// before, or nil if the peer is full and no write waits.
func (w *world) fillPeer(d packetConn) (*pending[result], int) {
	w.Helper()
	n := w.waits(sys.Writable)
	for sent := range fullTries {
		p := w.write(d, []byte("x"))
		if w.settledOrWaiting(p, n) {
			return p, sent
		}
		if got := p.get(); errors.Is(got.err, stream.ErrPeerFull) {
			return nil, sent
		} else if got.err != nil {
			w.Fatalf("write: %v", got)
		}
	}
	w.Fatalf("the queue of the peer has room for more than %d", fullTries)
	return nil, 0
}

// receivedFrom is the result of ReadFrom.
type receivedFrom struct {
	data []byte
	from net.Addr
	err  error
}

func (w *world) receiveFrom(c packetConn) *pending[receivedFrom] {
	return call(w, "receive", func() receivedFrom {
		p := make([]byte, 64)
		n, from, err := c.ReadFrom(p)
		return receivedFrom{p[:max(n, 0)], from, err}
	})
}

// expectTexts reads the same datagram n times.
func (w *world) expectTexts(c packetConn, n int, text string) {
	w.Helper()
	for i := range n {
		if got := w.read(c, 64).get(); string(got.data) != text || got.err != nil {
			w.Fatalf("datagram %d of %d: %v, want %q", i, n, got, text)
		}
	}
}

// settledOrWaiting returns when p has ended, or when a wait for writing later than the first n has
// begun. It reports whether the wait has begun.
func (w *world) settledOrWaiting(p *pending[result], n int64) bool {
	w.Helper()
	return p.waits(sys.Writable, n)
}

// waits returns when p has ended, or when a wait in direction d later than the first n has begun.
// It reports whether the wait has begun.
func (p *pending[R]) waits(d sys.Direction, n int64) bool {
	w := p.w
	w.Helper()
	for {
		s := w.spy.signal()
		if w.waits(d) > n {
			return true
		}
		select {
		case <-s:
		case r := <-p.done:
			p.done <- r // it has room for one
			return false
		case <-time.After(w.Patience()):
			w.Hang("%s returns or waits", p.what)
		}
	}
}
