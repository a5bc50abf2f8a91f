package streamtest

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"slices"
	"syscall"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

// tooLong is more bytes than a UDP datagram can have.
const tooLong = 1 << 16

func packetBatchCases() []Case {
	return []Case{
		{
			ID: "packet/tries", Doc: "stream.Socket.TryReadFrom",
			Rule: "A try that finds no datagram returns sys.ErrWouldBlock and nothing else. Tries after Close return net.ErrClosed.",
			Run: in(func(w *world) {
				raw, err := stream.OpenUDP(sys.IPv4)
				w.check(err, "open")
				w.own(&raw)
				w.check(raw.Bind(loopback), "bind")
				s := w.f.parts.newDatagrams(&raw)
				p := make([]byte, 4)
				ms := messages(2, 4)
				tries := map[string]func() (int, error){
					"TryReadFrom":  func() (int, error) { n, _, err := s.TryReadFrom(p); return n, err },
					"TryRead":      func() (int, error) { return s.TryRead(p) },
					"TryReadBatch": func() (int, error) { return s.TryReadBatch(ms) },
				}
				for what, f := range tries {
					if n, err := f(); n != 0 || err != sys.ErrWouldBlock {
						w.Errorf("%s without a datagram: %d, %v", what, n, err)
					}
				}
				to, err := s.LocalAddr()
				w.check(err, "local address")
				if n, err := s.TryWriteTo([]byte("self"), to); n != 4 || err != nil {
					w.Errorf("TryWriteTo: %d, %v", n, err)
				}
				w.ready(s.Handle(), sys.PollIn)
				if n, from, err := s.TryReadFrom(p); string(p[:n]) != "self" || from != to || err != nil {
					w.Errorf("TryReadFrom: %q from %v, %v", p[:n], from, err)
				}
				w.check(s.Close(), "close")
				tries["TryWriteTo"] = func() (int, error) { return s.TryWriteTo(p, to) }
				tries["TryWriteBatch"] = func() (int, error) { return s.TryWriteBatch(ms) }
				for what, f := range tries {
					if n, err := f(); n != 0 || !errors.Is(err, net.ErrClosed) {
						w.Errorf("%s after Close: %d, %v, want net.ErrClosed", what, n, err)
					}
				}
			}),
		},
		{
			ID: "packet/kinds", Doc: "stream.Socket",
			Rule: "Datagram sockets refuse stream operations, and stream sockets refuse datagram operations, with an error that matches errors.ErrUnsupported.",
			Run: in(func(w *world) {
				d, err := stream.OpenUDP(sys.IPv4)
				w.check(err, "open")
				w.own(&d)
				tcp, err := stream.OpenTCP(sys.IPv4)
				w.check(err, "open")
				w.own(&tcp)
				under := w.f.parts.newDatagrams(&tcp)
				for what, f := range map[string]func() error{
					"TryReadv of datagrams":     func() error { _, err := w.f.parts.newDatagrams(&d).TryReadv([][]byte{{1}, {2}}); return err },
					"NewConn of datagrams":      func() error { _, err := stream.NewConn(d, w.spy); return err },
					"TryReadFrom of a stream":   func() error { _, _, err := under.TryReadFrom(nil); return err },
					"TryWriteTo of a stream":    func() error { _, err := under.TryWriteTo(nil, loopback); return err },
					"TryReadBatch of a stream":  func() error { _, err := under.TryReadBatch(messages(1, 1)); return err },
					"TryWriteBatch of a stream": func() error { _, err := under.TryWriteBatch(messages(1, 1)); return err },
					"NewPacketConn of a stream": func() error { _, err := stream.NewPacketConn(tcp, w.spy); return err },
				} {
					if err := f(); !errors.Is(err, errors.ErrUnsupported) {
						w.Errorf("%s: %v, want errors.ErrUnsupported", what, err)
					}
				}
			}),
		},
		{
			ID: "packet/read-batch", Doc: "stream.PacketConn.ReadBatch",
			Rule: "A batch gets at most MaxBatch datagrams, each in its own Message with length and sender, and returns their number. The other " +
				"messages stay unchanged.",
			Run: in(func(w *world) {
				c, one := w.packetPair()
				other := w.packetPeer()
				const sent = stream.MaxBatch + 3
				for i := range sent {
					w.post([]*net.UDPConn{one, other}[i%2], c, string(bytes.Repeat([]byte{byte(i)}, i)))
				}
				ms := messages(2*stream.MaxBatch, sent)
				for i := range ms {
					ms[i].N = -1
				}
				for got := 0; got < sent; {
					r := w.readBatch(c, ms[got:]).get()
					if r.n < 1 || r.n > stream.MaxBatch || r.err != nil {
						w.Fatalf("batch: %d, %v", r.n, r.err)
					}
					got += r.n
					if got < len(ms) && ms[got].N != -1 {
						w.Fatalf("message %d was changed, and %d are counted", got, got)
					}
				}
				for i, m := range ms[:sent] {
					if from := addrPort([]*net.UDPConn{one, other}[i%2]); m.N != i || m.Addr != from || m.Truncated || !bytes.Equal(m.Buffer[:i], bytes.Repeat([]byte{byte(i)}, i)) {
						w.Errorf("message %d: %d bytes from %v, want %d from %v", i, m.N, m.Addr, i, from)
					}
				}
				if got := w.readBatch(c, nil).get(); got.n != 0 || got.err != nil {
					w.Errorf("empty batch: %d, %v", got.n, got.err)
				}
			}),
		},
		{
			ID: "packet/write-batch", Doc: "stream.PacketConn.WriteBatch",
			Rule: "WriteBatch sends all messages in order, each to its own address, including more than MaxBatch.",
			Run: in(func(w *world) {
				c, one := w.packetPair()
				other := w.packetPeer()
				var ms []stream.Message
				var want [2][]string
				for i := range 2*stream.MaxBatch + 3 {
					text := fmt.Sprint(i)
					if i == 5 {
						text = ""
					}
					ms = append(ms, stream.Message{Buffer: []byte(text), Addr: addrPort([]*net.UDPConn{one, other}[i%2])})
					want[i%2] = append(want[i%2], text)
				}
				if got := w.writeBatch(c, ms).get(); got.n != len(ms) || got.err != nil {
					w.Fatalf("batch: %d, %v, want %d", got.n, got.err, len(ms))
				}
				w.delivered(one, want[0]...)
				w.delivered(other, want[1]...)
				if n, err := c.TryWriteBatch(ms); n != stream.MaxBatch || err != nil {
					w.Errorf("one try: %d, %v, want %d", n, err, stream.MaxBatch)
				}
			}),
		},
		{
			ID: "packet/partial-batch", Doc: "stream.PacketConn.WriteBatch",
			Rule:   "A batch that fails returns how many messages were sent before, and the error of the next. The caller may skip that message and continue.",
			Source: "libuv: a batch of which one datagram was sent, and all were counted",
			Run: in(func(w *world) {
				c, peer := w.packetPair()
				var ms []stream.Message
				for _, text := range []string{"0", "1", "too long", "3"} {
					ms = append(ms, stream.Message{Buffer: []byte(text), Addr: addrPort(peer)})
				}
				ms[2].Buffer = make([]byte, tooLong)
				got := w.writeBatch(c, ms).get()
				w.expectErrorOn(packetNetwork, got.err, syscall.EMSGSIZE, "write")
				if got.n != 2 {
					w.Errorf("%d are counted as sent, want 2", got.n)
				}
				if got := w.writeBatch(c, slices.Delete(ms, 0, 3)).get(); got.n != 1 || got.err != nil {
					w.Errorf("rest of the batch: %d, %v", got.n, got.err)
				}
				w.delivered(peer, "0", "1", "3")
			}),
		},
	}
}
