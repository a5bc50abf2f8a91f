package streamtest

import (
	"net"
	"os"
	"sync"
	"time"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

func packetEndCases() []Case {
	return []Case{
		{
			ID: "packet/deadline", Doc: "stream.PacketConn.SetDeadline",
			Rule: "A deadline ends running and later reads and writes when it passes. One in the past ends them at once. Queued datagrams are not lost.",
			Run: in(func(w *world) {
				c, peer := w.packetPair()
				deadline := time.Now().Add(soon)
				w.check(c.SetReadDeadline(deadline), "set read deadline")
				w.expectErrorOn(packetNetwork, w.receive(c, 64).get().err, os.ErrDeadlineExceeded, "read")
				if time.Now().Before(deadline) {
					w.Errorf("the read deadline expired early")
				}
				w.post(peer, c, "kept")
				w.check(c.SetDeadline(time.Unix(1, 0)), "set deadline")
				ms := []stream.Message{{Buffer: []byte("x"), Addr: addrPort(peer)}}
				w.expectErrorOn(packetNetwork, w.receive(c, 64).get().err, os.ErrDeadlineExceeded, "read")
				w.expectErrorOn(packetNetwork, w.readBatch(c, messages(1, 64)).get().err, os.ErrDeadlineExceeded, "read")
				w.expectErrorOn(packetNetwork, call(w, "wait", c.WaitRead).get(), os.ErrDeadlineExceeded, "read")
				w.expectErrorOn(packetNetwork, call(w, "send", func() error { _, err := c.WriteTo([]byte("x"), peer.LocalAddr()); return err }).get(), os.ErrDeadlineExceeded, "write")
				w.expectErrorOn(packetNetwork, w.writeBatch(c, ms).get().err, os.ErrDeadlineExceeded, "write")
				w.check(c.SetDeadline(time.Time{}), "clear deadline")
				w.expectPacket(c, "kept", peer)
				n := w.waits(sys.Readable)
				reader := w.receive(c, 64)
				w.waiting(sys.Readable, n)
				w.check(c.SetReadDeadline(time.Unix(1, 0)), "set read deadline")
				w.expectErrorOn(packetNetwork, reader.get().err, os.ErrDeadlineExceeded, "read")
			}),
		},
		{
			ID: "packet/close", Doc: "stream.PacketConn.Close",
			Rule: "Close, from any goroutine, makes running and later calls return net.ErrClosed, whatever the deadlines, including a second Close. The address remains available.",
			Run: in(func(w *world) {
				for _, batch := range []bool{false, true} {
					c := w.listenPacket()
					local := c.LocalAddr().String()
					n := w.waits(sys.Readable)
					p := call(w, "receive", func() error {
						if batch {
							_, err := c.ReadBatch(messages(1, 1))
							return err
						}
						_, err := c.Read(make([]byte, 1))
						return err
					})
					w.waiting(sys.Readable, n)
					w.check(c.Close(), "close")
					w.expectErrorOn(packetNetwork, p.get(), net.ErrClosed, "read")
					w.closedPacket(c)
					if got := c.LocalAddr().String(); got != local {
						w.Errorf("address after Close: %v, want %v", got, local)
					}
				}
				if n := w.spy.open.Load(); n != 0 {
					w.Errorf("%d registrations are still open", n)
				}
			}),
		},
		{
			ID: "packet/close-racing", Doc: "stream.PacketConn",
			Rule: "Close may race with reads, writes and deadlines. Each call returns a result, a timeout or net.ErrClosed, and none hangs.",
			Run: in(func(w *world) {
				peer := w.packetPeer()
				for range 10 {
					c := w.listenPacket()
					n := w.waits(sys.Readable)
					reader := w.receive(c, 64)
					w.waiting(sys.Readable, n)
					writer := w.writeBatch(c, []stream.Message{{Buffer: []byte("x"), Addr: addrPort(peer)}})
					var wg sync.WaitGroup
					wg.Go(func() { c.SetDeadline(time.Now().Add(time.Millisecond)) })
					wg.Go(func() { c.Close() })
					wg.Wait()
					if err := reader.get().err; !closedOrLate(err) {
						w.Errorf("read that raced with Close: %v", err)
					}
					if err := writer.get().err; err != nil && !closedOrLate(err) {
						w.Errorf("write that raced with Close: %v", err)
					}
				}
			}),
		},
		{
			ID: "packet/raw", Doc: "stream.PacketConn.SyscallConn",
			Rule: "A call through SyscallConn is repeated, with waits in between, until it reports that it is done. A deadline and Close end it.",
			Run: in(func(w *world) {
				c, peer := w.packetPair()
				raw, err := c.SyscallConn()
				w.check(err, "raw connection")
				n := w.waits(sys.Readable)
				m := stream.Message{Buffer: make([]byte, 64)}
				read := func() error {
					var failed error
					err := raw.Read(func(fd uintptr) bool {
						failed = sys.RecvMessage(sys.Handle(fd), &m)
						return failed != sys.ErrWouldBlock
					})
					if err == nil {
						err = failed
					}
					return err
				}
				p := call(w, "raw read", read)
				w.waiting(sys.Readable, n)
				w.post(peer, c, "raw")
				if err := p.get(); err != nil || string(m.Buffer[:m.N]) != "raw" {
					w.Errorf("raw read: %q, %v", m.Buffer[:m.N], err)
				}
				w.check(c.SetReadDeadline(time.Unix(1, 0)), "set read deadline")
				w.expectErrorOn(packetNetwork, call(w, "raw read", read).get(), os.ErrDeadlineExceeded, "raw-read")
				w.check(c.Close(), "close")
				w.expectErrorOn(packetNetwork, raw.Control(func(uintptr) {}), net.ErrClosed, "raw-control")
				w.expectErrorOn(packetNetwork, call(w, "raw read", read).get(), net.ErrClosed, "raw-read")
			}),
		},
	}
}

func closedOrLate(err error) bool {
	e, ok := err.(*net.OpError)
	return ok && (e.Timeout() || e.Err == net.ErrClosed)
}

// closedPacket checks the calls of a closed connection.
func (w *world) closedPacket(c packetConn) {
	w.Helper()
	w.expectErrorOn(packetNetwork, w.receive(c, 1).get().err, net.ErrClosed, "read")
	w.expectErrorOn(packetNetwork, w.read(c, 0).get().err, net.ErrClosed, "read")
	w.expectErrorOn(packetNetwork, w.readBatch(c, nil).get().err, net.ErrClosed, "read")
	w.expectErrorOn(packetNetwork, w.writeBatch(c, nil).get().err, net.ErrClosed, "write")
	w.expectErrorOn(packetNetwork, call(w, "send", func() error { _, err := c.WriteToAddrPort([]byte("x"), loopback); return err }).get(), net.ErrClosed, "write")
	w.expectErrorOn(packetNetwork, call(w, "wait", c.WaitRead).get(), net.ErrClosed, "read")
	w.expectErrorOn(packetNetwork, c.SetDeadline(time.Time{}), net.ErrClosed, "set")
	w.expectErrorOn(packetNetwork, c.Close(), net.ErrClosed, "close")
}
