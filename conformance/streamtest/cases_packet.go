package streamtest

import (
	"errors"
	"fmt"
	"net"
	"slices"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

// burst is how many small datagrams arrive before any is read. They fit the default buffer of every
// system.
const burst = 40

func packetCases() []Case {
	return []Case{
		{
			ID: "packet/waits", Doc: "stream.PacketConn.Read",
			Rule: "A read suspends its caller until a datagram comes, and returns it.",
			Run: in(func(w *world) {
				c, peer := w.packetPair()
				n := w.waits(sys.Readable)
				p := w.receive(c, 64)
				w.waiting(sys.Readable, n)
				w.post(peer, c, "there")
				if got := p.get(); string(got.data) != "there" || got.err != nil || got.from != addrPort(peer) {
					w.Errorf("got %v, want \"there\" from %v", got, peer.LocalAddr())
				}
			}),
		},
		{
			ID: "packet/bounds", Doc: "stream.PacketConn",
			Rule: "Each read gets one datagram, and each write sends one, whichever calls are used.",
			Run: in(func(w *world) {
				c, peer := w.packetPair()
				sent := []string{"first", "second", "third"}
				w.post(peer, c, sent...)
				got := call(w, "receive", func() (all []string) {
					p := make([]byte, 64)
					for _, read := range []func() (int, error){
						func() (int, error) { return c.Read(p) },
						func() (int, error) { n, _, err := c.ReadFrom(p); return n, err },
						func() (int, error) { n, _, err := c.ReadFromAddrPort(p); return n, err },
					} {
						n, err := read()
						if err != nil {
							all = append(all, err.Error())
						}
						all = append(all, string(p[:n]))
					}
					return all
				}).get()
				if !slices.Equal(got, sent) {
					w.Errorf("received %q, want %q", got, sent)
				}
				err := call(w, "send", func() error {
					n, err := c.WriteTo([]byte("one"), peer.LocalAddr())
					m, e := c.WriteToAddrPort([]byte("more"), addrPort(peer))
					if n != 3 || m != 4 {
						return fmt.Errorf("%d and %d bytes were sent, want 3 and 4", n, m)
					}
					return errors.Join(err, e)
				}).get()
				w.check(err, "send")
				w.delivered(peer, "one", "more")
			}),
		},
		{
			ID: "packet/empty", Doc: "stream.PacketConn",
			Rule:   "An empty datagram is a datagram, not an end. Reads return 0, no error and its sender. Writes send it.",
			Source: "an empty datagram mistaken for the end, or dropped",
			Run: in(func(w *world) {
				c, peer := w.packetPair()
				w.post(peer, c, "", "after")
				w.expectPacket(c, "", peer)
				w.expectPacket(c, "after", peer)
				w.post(peer, c, "")
				ms := messages(2, 4)
				if got := w.readBatch(c, ms).get(); got.n != 1 || got.err != nil || ms[0].N != 0 || ms[0].Addr != addrPort(peer) {
					w.Errorf("batch: %d, %v, of %d bytes from %v", got.n, got.err, ms[0].N, ms[0].Addr)
				}
				got := call(w, "send", func() count {
					n, err := c.WriteTo(nil, peer.LocalAddr())
					return count{n, err}
				}).get()
				if got.n != 0 || got.err != nil {
					w.Errorf("write of an empty datagram: %d, %v", got.n, got.err)
				}
				w.delivered(peer, "")
				d := w.dialPacket(packetNetwork, peer.LocalAddr().String())
				if got := w.write(d, nil).get(); got.n != 0 || got.err != nil {
					w.Errorf("write of an empty datagram to the peer: %v", got)
				}
				w.delivered(peer, "")
				_, err := peer.WriteToUDPAddrPort(nil, d.LocalAddrPort())
				w.check(err, "peer's write")
				if got := w.read(d, 4).get(); got.n != 0 || got.err != nil {
					w.Errorf("read of an empty datagram from the peer: %v", got)
				}
			}),
		},
		{
			ID: "packet/truncated", Doc: "stream.ErrTruncated",
			Rule:   "A read with less room than the datagram returns what fits, the sender and ErrTruncated. The next read gets the next datagram.",
			Source: "a datagram truncated silently, or whose rest is mistaken for the next",
			Run: in(func(w *world) {
				c, peer := w.packetPair()
				w.post(peer, c, "longer", "next", "room", "again too long")
				got := w.receive(c, 4).get()
				w.expectErrorOn(packetNetwork, got.err, stream.ErrTruncated, "read")
				if e, ok := got.err.(net.Error); !ok || e.Timeout() || string(got.data) != "long" || got.from != addrPort(peer) {
					w.Errorf("got %v, want \"long\" from %v, and no timeout", got, peer.LocalAddr())
				}
				w.expectPacket(c, "next", peer)
				if got := w.receive(c, 4).get(); string(got.data) != "room" || got.err != nil {
					w.Errorf("a datagram that just fits: %v", got)
				}
				ms := messages(1, 5)
				if got := w.readBatch(c, ms).get(); got.n != 1 || got.err != nil || !ms[0].Truncated || string(ms[0].Buffer[:ms[0].N]) != "again" {
					w.Errorf("batch: %d, %v, %q, truncated %v", got.n, got.err, ms[0].Buffer, ms[0].Truncated)
				}
			}),
		},
		{
			ID: "packet/no-room", Doc: "stream.PacketConn.ReadFrom",
			Rule: "Read without room receives nothing and does not wait. ReadFrom without room receives a datagram and returns ErrTruncated.",
			Run: in(func(w *world) {
				c, peer := w.packetPair()
				if got := w.read(c, 0).get(); got.n != 0 || got.err != nil {
					w.Errorf("Read without room: %v", got)
				}
				w.post(peer, c, "kept", "lost", "next")
				if got := w.read(c, 0).get(); got.n != 0 || got.err != nil {
					w.Errorf("Read without room: %v", got)
				}
				w.expectPacket(c, "kept", peer)
				got := w.receive(c, 0).get()
				w.expectErrorOn(packetNetwork, got.err, stream.ErrTruncated, "read")
				w.expectPacket(c, "next", peer)
			}),
		},
		{
			ID: "packet/addresses", Doc: "stream.PacketConn.ReadFrom",
			Rule: "Reads return the sender in the form of their call. What is sent to that address comes from LocalAddr. Another kind of address is refused.",
			Run: in(func(w *world) {
				c, peer := w.packetPair()
				w.post(peer, c, "question")
				type heard struct {
					from net.Addr
					err  error
				}
				got := call(w, "receive", func() heard {
					_, from, err := c.ReadFrom(make([]byte, 64))
					return heard{from, err}
				}).get()
				w.check(got.err, "receive")
				if a, ok := got.from.(*net.UDPAddr); !ok || a.String() != peer.LocalAddr().String() {
					w.Fatalf("sender %v (%T), want %v", got.from, got.from, peer.LocalAddr())
				}
				w.check(call(w, "send", func() error { _, err := c.WriteTo([]byte("answer"), got.from); return err }).get(), "answer")
				p := make([]byte, 64)
				n, from, err := peer.ReadFromUDPAddrPort(p)
				if string(p[:n]) != "answer" || err != nil || from != c.LocalAddrPort() || from.String() != c.LocalAddr().String() {
					w.Errorf("peer got %q from %v, %v; want answer from %v, %v", p[:n], from, err, c.LocalAddrPort(), c.LocalAddr())
				}
				var odd *net.UDPAddr
				for _, to := range []net.Addr{&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 9}, &net.UnixAddr{Name: "x", Net: unixgramNetwork}, odd, nil} {
					var e *net.OpError
					if err := call(w, "send", func() error { _, err := c.WriteTo([]byte("x"), to); return err }).get(); !errors.As(err, &e) || e.Op != "write" {
						w.Errorf("send to %T: %v, want a *net.OpError", to, err)
					}
				}
			}),
		},
		{
			ID: "packet/drain", Doc: "stream.PacketConn.ReadBatch",
			Rule:   "Every datagram of a burst is read in order, one by one or in batches, however many events reported them.",
			Source: "gnet: one datagram per event, the others stranded until the next comes",
			Run: in(func(w *world) {
				c, peer := w.packetPair()
				var sent []string
				for i := range burst {
					sent = append(sent, fmt.Sprint(i))
				}
				for _, read := range []func() ([]string, error){
					func() ([]string, error) { return oneByOne(c) }, func() ([]string, error) { return inBatches(c) }, func() ([]string, error) { return byTrying(c) },
				} {
					n := w.waits(sys.Readable)
					p := call(w, "receive", func() error {
						got, err := read()
						if err == nil && !slices.Equal(got, sent) {
							err = fmt.Errorf("received %q", got)
						}
						return err
					})
					w.waiting(sys.Readable, n)
					w.post(peer, c, sent...)
					w.check(p.get(), "receive")
				}
			}),
		},
	}
}

func oneByOne(c packetConn) (got []string, err error) {
	p := make([]byte, 64)
	for range burst {
		n, err := c.Read(p)
		if err != nil {
			return got, err
		}
		got = append(got, string(p[:n]))
	}
	return got, nil
}

func inBatches(c packetConn) (got []string, err error) {
	ms := messages(stream.MaxBatch, 64)
	for len(got) < burst {
		n, err := c.ReadBatch(ms)
		got = appendTexts(got, ms[:n])
		if err != nil {
			return got, err
		}
	}
	return got, nil
}

// byTrying waits only after a try has found nothing.
func byTrying(c packetConn) (got []string, err error) {
	ms := messages(3, 64)
	for len(got) < burst {
		n, err := c.TryReadBatch(ms)
		got = appendTexts(got, ms[:n])
		if err == sys.ErrWouldBlock {
			err = c.WaitRead()
		}
		if err != nil {
			return got, err
		}
	}
	return got, nil
}

func appendTexts(texts []string, ms []stream.Message) []string {
	for _, m := range ms {
		texts = append(texts, string(m.Buffer[:m.N]))
	}
	return texts
}
