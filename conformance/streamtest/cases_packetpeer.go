package streamtest

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

// looksPerDatagram is how often a case checks for an answer of the network before it sends another
// datagram.
const looksPerDatagram = 50

func packetPeerCases() []Case {
	return []Case{
		{
			ID: "packet/connected", Doc: "stream.PacketConn",
			Rule: "A dialed datagram connection sends to its peer, receives only from it, and keeps bounds. WriteTo and addressed messages return net.ErrWriteToConnected.",
			Run: in(func(w *world) {
				peer, stranger := w.packetPeer(), w.packetPeer()
				c := w.dialPacket("udp4", peer.LocalAddr().String())
				if got := c.RemoteAddr(); got == nil || got.Network() != packetNetwork || got.String() != peer.LocalAddr().String() {
					w.Errorf("remote address %v, want %v", got, peer.LocalAddr())
				}
				w.post(stranger, c, "strange")
				w.post(peer, c, "one", "two")
				w.expectRead(c, "one")
				w.expectPacket(c, "two", peer)
				w.check(w.write(c, []byte("a")).get().err, "write")
				if got := w.writeBatch(c, []stream.Message{{Buffer: []byte("b")}, {Buffer: []byte("c"), Addr: addrPort(peer)}}).get(); got.n != 1 {
					w.Errorf("batch with an address: %d, %v; want one", got.n, got.err)
				} else {
					w.expectErrorOn(packetNetwork, got.err, net.ErrWriteToConnected, "write")
				}
				w.delivered(peer, "a", "b")
				w.expectErrorOn(packetNetwork, call(w, "send", func() error { _, err := c.WriteTo([]byte("x"), stranger.LocalAddr()); return err }).get(), net.ErrWriteToConnected, "write")
				w.expectErrorOn(packetNetwork, call(w, "send", func() error { _, err := c.WriteToAddrPort([]byte("x"), addrPort(peer)); return err }).get(), net.ErrWriteToConnected, "write")
				d := stream.Dialer{Waiter: w.spy}
				if _, err := d.DialContext(w.Context(), "udp6", peer.LocalAddr().String()); !errors.Is(err, stream.ErrNoAddress) {
					w.Errorf("dial of an IPv4 address in udp6: %v, want ErrNoAddress", err)
				}
			}),
		},
		{
			ID: "packet/unconnected", Doc: "stream.Socket.TryReadFrom",
			Rule:   "A connection without a peer has no remote address, and its Write sends nothing. A datagram to an address without a receiver disturbs no other.",
			Source: "Windows, WSAECONNRESET: an answer to one datagram that ends all reading",
			Run: in(func(w *world) {
				c, peer := w.packetPair()
				if a := c.RemoteAddr(); a != nil {
					w.Errorf("remote address %v, want nil", a)
				}
				if got := w.write(c, []byte("x")).get(); got.err == nil {
					w.Errorf("Write without a peer: %v", got)
				}
				n := w.waits(sys.Readable)
				p := w.receive(c, 64)
				w.waiting(sys.Readable, n)
				nobody := w.nobody()
				for range 3 {
					w.check(call(w, "send", func() error { _, err := c.WriteToAddrPort([]byte("x"), nobody); return err }).get(), "send to an address without a receiver")
				}
				w.post(peer, c, "still here")
				if got := p.get(); string(got.data) != "still here" || got.err != nil {
					w.Errorf("read: %v", got)
				}
			}),
		},
		{
			ID: "packet/refused", Doc: "stream.Socket.TryReadFrom",
			Needs:  []Feature{NetworkAnswers},
			Rule:   "Each answer of the network that the peer has no receiver is returned once, as ECONNREFUSED. It also wakes a waiting reader. The connection continues.",
			Source: "libuv, mio: an error event without data that wakes no caller, or is reported again and again",
			Run: in(func(w *world) {
				c := w.dialPacket(packetNetwork, w.nobody().String())
				n := w.waits(sys.Readable)
				reader := w.receive(c, 64)
				w.waiting(sys.Readable, n)
				sent, told, looks := 0, 0, 0
				write := func() (refused bool) {
					got := w.write(c, []byte("hello?")).get()
					switch {
					case errors.Is(got.err, syscall.ECONNREFUSED):
						w.expectErrorOn(packetNetwork, got.err, syscall.ECONNREFUSED, "write")
						told++
						return true
					case got.err != nil:
						w.Fatalf("write: %v", got)
					}
					sent++
					return false
				}
				suite.Until(w, "an answer to a datagram without a receiver", func() bool {
					// The network need not answer each datagram.
					if looks%looksPerDatagram == 0 {
						write()
					}
					looks++
					return len(reader.done) > 0
				})
				w.expectErrorOn(packetNetwork, reader.get().err, syscall.ECONNREFUSED, "read")
				told++
				// There are no more answers than datagrams, so a read eventually waits.
				for {
					n := w.waits(sys.Readable)
					reader := w.receive(c, 64)
					if reader.waits(sys.Readable, n) {
						w.check(c.SetReadDeadline(time.Unix(1, 0)), "set read deadline")
					}
					err := reader.get().err
					if !errors.Is(err, syscall.ECONNREFUSED) {
						w.expectErrorOn(packetNetwork, err, os.ErrDeadlineExceeded, "read")
						break
					}
					w.check(c.SetReadDeadline(time.Time{}), "clear read deadline")
					if told++; told > sent {
						w.Fatalf("ECONNREFUSED was returned %d times for %d datagrams", told, sent)
					}
				}
				suite.Until(w, "a write returns the answer to the one before it", write)
				for write() {
					if told > sent {
						w.Fatalf("ECONNREFUSED was returned %d times for %d datagrams", told, sent)
					}
				}
			}),
		},
		{
			ID: "packet/turns", Doc: "stream.PacketConn",
			Rule:  "Readers on several goroutines get one datagram each. A reader that can neither be suspended nor block gets ErrBusy at once.",
			Needs: []Feature{Turns},
			Run: in(func(w *world) {
				c, peer := w.packetPair()
				n := w.waits(sys.Readable)
				var readers []*pending[received]
				for range turnWriters {
					readers = append(readers, w.receive(c, 64))
				}
				w.waiting(sys.Readable, n)
				want := map[string]bool{}
				for i := range turnWriters {
					want[fmt.Sprint(i)] = true
					w.post(peer, c, fmt.Sprint(i))
				}
				for _, r := range readers {
					got := r.get()
					if got.err != nil || !want[string(got.data)] {
						w.Errorf("got %v, want one of %v", got, want)
					}
					delete(want, string(got.data))
				}
			}),
			Refused: in(func(w *world) {
				c, peer := w.packetPair()
				n := w.waits(sys.Readable)
				reader := w.receive(c, 64)
				w.waiting(sys.Readable, n)
				if got := w.receive(c, 64).get(); !errors.Is(got.err, stream.ErrBusy) {
					w.Errorf("second reader: %v, want ErrBusy", got)
				}
				w.post(peer, c, "mine")
				if got := reader.get(); string(got.data) != "mine" || got.err != nil {
					w.Errorf("first reader: %v", got)
				}
			}),
		},
	}
}
