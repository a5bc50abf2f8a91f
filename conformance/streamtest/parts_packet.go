package streamtest

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"syscall"
	"time"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

// packetNetwork and unixgramNetwork are package net's names for UDP and unix-domain datagrams.
const (
	packetNetwork   = "udp"
	unixgramNetwork = "unixgram"
)

// packetConn is the interface of *stream.PacketConn that cases use.
type packetConn interface {
	net.PacketConn
	net.Conn
	ReadFromAddrPort(p []byte) (int, netip.AddrPort, error)
	WriteToAddrPort(p []byte, to netip.AddrPort) (int, error)
	ReadBatch(ms []stream.Message) (int, error)
	WriteBatch(ms []stream.Message) (int, error)
	TryReadBatch(ms []stream.Message) (int, error)
	TryWriteBatch(ms []stream.Message) (int, error)
	WaitRead() error
	LocalAddrPort() netip.AddrPort
	SetReadBuffer(n int) error
	SetWriteBuffer(n int) error
	SyscallConn() (syscall.RawConn, error)
	Release() (sys.Handle, error)
	File() (*os.File, error)

	ReadFromUDP(p []byte) (int, *net.UDPAddr, error)
	ReadFromUDPAddrPort(p []byte) (int, netip.AddrPort, error)
	ReadMsgUDP(p, oob []byte) (n, oobn, flags int, from *net.UDPAddr, err error)
	ReadMsgUDPAddrPort(p, oob []byte) (n, oobn, flags int, from netip.AddrPort, err error)
	WriteToUDP(p []byte, to *net.UDPAddr) (int, error)
	WriteToUDPAddrPort(p []byte, to netip.AddrPort) (int, error)
	WriteMsgUDP(p, oob []byte, to *net.UDPAddr) (n, oobn int, err error)
	WriteMsgUDPAddrPort(p, oob []byte, to netip.AddrPort) (n, oobn int, err error)

	ReadFromUnix(p []byte) (int, *net.UnixAddr, error)
	ReadMsgUnix(p, oob []byte) (n, oobn, flags int, from *net.UnixAddr, err error)
	WriteToUnix(p []byte, to *net.UnixAddr) (int, error)
	WriteMsgUnix(p, oob []byte, to *net.UnixAddr) (n, oobn int, err error)
}

// datagrams is the interface of a *stream.Socket with datagrams that cases use.
type datagrams interface {
	TryReadFrom(p []byte) (int, netip.AddrPort, error)
	TryWriteTo(p []byte, to netip.AddrPort) (int, error)
	TryReadBatch(ms []stream.Message) (int, error)
	TryWriteBatch(ms []stream.Message) (int, error)
	TryRead(p []byte) (int, error)
	TryReadv(segs [][]byte) (int, error)
	LocalAddr() (netip.AddrPort, error)
	Handle() sys.Handle
	Close() error
}

func (p parts) newPacketConn(c *stream.PacketConn) packetConn {
	if p.packet == nil {
		return c
	}
	return p.packet(c)
}

func (p parts) newDatagrams(s *stream.Socket) datagrams {
	if p.datagrams == nil {
		return s
	}
	return p.datagrams(s)
}

// packets creates a connection under test from an opened socket, and ends the case if opening
// failed.
func (w *world) packets(c *stream.PacketConn, err error) packetConn {
	w.Helper()
	w.check(err, "open")
	under := w.f.parts.newPacketConn(c)
	w.own(under)
	return under
}

// listenPacket returns a UDP connection under test that is not connected.
func (w *world) listenPacket() packetConn {
	w.Helper()
	return w.packets(stream.ListenPacket(w.spy, loopback, stream.PacketOptions{}))
}

// packetPeer returns a UDP socket of package net.
func (w *world) packetPeer() *net.UDPConn {
	w.Helper()
	c, err := net.ListenUDP(packetNetwork, net.UDPAddrFromAddrPort(loopback))
	w.check(err, "peer's listen")
	w.own(c)
	w.check(c.SetReadDeadline(time.Now().Add(w.Patience())), "peer's deadline")
	return c
}

// packetPair returns a connection under test and a socket of package net, neither of which is
// connected.
func (w *world) packetPair() (packetConn, *net.UDPConn) {
	w.Helper()
	return w.listenPacket(), w.packetPeer()
}

// dialPacket returns a connection under test that is connected.
func (w *world) dialPacket(network, address string) packetConn {
	w.Helper()
	got := call(w, "dial", func() accepted {
		d := stream.Dialer{Waiter: w.spy}
		c, err := d.DialContext(w.Context(), network, address)
		return accepted{c, err}
	}).get()
	w.check(got.err, "dial")
	return w.packets(got.c.(*stream.PacketConn), nil)
}

// received is the result of receiving one datagram.
type received struct {
	data  []byte
	from  netip.AddrPort
	name  string // of a unix-domain sender
	oob   []byte
	flags int
	err   error
}

func (r received) String() string { return fmt.Sprintf("%.40q from %v, %v", r.data, r.from, r.err) }

func (w *world) receive(c packetConn, size int) *pending[received] {
	return call(w, "receive", func() received {
		p := make([]byte, size)
		n, from, err := c.ReadFromAddrPort(p)
		return received{data: p[:max(n, 0)], from: from, err: err}
	})
}

// expectPacket receives one datagram and wants exactly this one.
func (w *world) expectPacket(c packetConn, want string, from *net.UDPConn) {
	w.Helper()
	got := w.receive(c, 64).get()
	if string(got.data) != want || got.err != nil || got.from != addrPort(from) {
		w.Fatalf("receive: got %v, want %q from %v", got, want, from.LocalAddr())
	}
}

func addrPort(c *net.UDPConn) netip.AddrPort { return c.LocalAddr().(*net.UDPAddr).AddrPort() }

// post sends datagrams from peer to c. They have arrived when it returns.
func (w *world) post(peer *net.UDPConn, c packetConn, texts ...string) {
	w.Helper()
	for _, text := range texts {
		_, err := peer.WriteToUDPAddrPort([]byte(text), c.LocalAddrPort())
		w.check(err, "peer's write")
	}
}

// delivered receives as many datagrams as it wants from peer, and wants exactly these.
func (w *world) delivered(peer *net.UDPConn, want ...string) {
	w.Helper()
	var got []string
	p := make([]byte, 1<<10)
	for range want {
		w.check(peer.SetReadDeadline(time.Now().Add(w.Patience())), "peer's deadline")
		n, _, err := peer.ReadFromUDPAddrPort(p)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			w.Hang("a datagram arrives at the peer, which got %.100q of %.100q", got, want)
		}
		if err != nil {
			w.Fatalf("peer got %.100q, then %v; want %.100q", got, err, want)
		}
		got = append(got, string(p[:n]))
	}
	if !slices.Equal(got, want) {
		w.Fatalf("peer got %.200q, want %.200q", got, want)
	}
}

// count is the result of a batch call.
type count struct {
	n   int
	err error
}

func (w *world) writeBatch(c packetConn, ms []stream.Message) *pending[count] {
	return call(w, "write batch", func() count {
		n, err := c.WriteBatch(ms)
		return count{n, err}
	})
}

func (w *world) readBatch(c packetConn, ms []stream.Message) *pending[count] {
	return call(w, "read batch", func() count {
		n, err := c.ReadBatch(ms)
		return count{n, err}
	})
}

// messages returns n messages with room for size bytes each.
func messages(n, size int) []stream.Message {
	ms := make([]stream.Message, n)
	for i := range ms {
		ms[i].Buffer = make([]byte, size)
	}
	return ms
}

// nobody returns an address without a receiver that no other socket gets meanwhile: that of a
// socket whose only peer is itself.
func (w *world) nobody() netip.AddrPort {
	w.Helper()
	s, err := stream.OpenUDP(sys.IPv4)
	w.check(err, "open")
	w.own(&s)
	w.check(s.Bind(loopback), "bind")
	addr, err := s.LocalAddr()
	w.check(err, "local address")
	w.check(s.StartConnect(addr), "connect to itself")
	return addr
}
