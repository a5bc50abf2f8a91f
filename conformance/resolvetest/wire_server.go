package resolvetest

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
)

// server is a scripted DNS server on loopback. It serves datagrams and streams on one port. The
// script is driven by arrivals: it needs no clock.
type server struct {
	t    T
	addr netip.AddrPort
	// handle is called for each query, one at a time. It must not block. Nil: the case takes the
	// arrivals itself, and answers when it likes.
	handle func(q *arrival)

	tcp     *net.TCPListener
	served  sync.WaitGroup
	arrived chan *arrival
	fences  chan struct{}

	mu     sync.Mutex
	udp    *net.UDPConn
	accept func(p *peer) bool // see onAccept
	peers  []*peer
	log    []*arrival
	closed bool
	turn   sync.Mutex // held while handle runs
}

// fence is a datagram that the case sends to its own server: what was sent before has arrived.
const fence = "fence"

// portsMax bounds the ports that startServer tries: another process may have the port for
// datagrams already.
const portsMax = 16

// newServer starts a server. handle may be nil.
func newServer(t T, handle func(q *arrival)) *server {
	t.Helper()
	s := &server{t: t, handle: handle, arrived: make(chan *arrival, lookupsMax), fences: make(chan struct{}, 1)}
	var err error
	for range portsMax {
		if err = s.listen(); err == nil {
			break
		}
	}
	if err != nil {
		t.Fatalf("DNS server: %v", err)
	}
	t.OnHang(s.close)
	t.Cleanup(func() {
		s.close()
		s.served.Wait()
	})
	s.served.Go(s.streams)
	return s
}

func (s *server) listen() error {
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return err
	}
	s.tcp, s.addr = l, l.Addr().(*net.TCPAddr).AddrPort()
	if err := s.openDatagrams(); err != nil {
		_ = l.Close()
		return err
	}
	return nil
}

// openDatagrams opens the socket for datagrams.
func (s *server) openDatagrams() error {
	c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(s.addr))
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.udp = c
	closed := s.closed
	s.mu.Unlock()
	if closed {
		return errors.Join(net.ErrClosed, c.Close())
	}
	s.served.Go(func() { s.datagrams(c) })
	return nil
}

// closeDatagrams closes the socket for datagrams. The kernel refuses later ones with ICMP.
func (s *server) closeDatagrams() {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.udp.Close()
}

// refuseStreams closes the listener. The kernel refuses later streams.
func (s *server) refuseStreams() { _ = s.tcp.Close() }

// onAccept sets a function for each new stream. It returns false if the server must not read from
// the stream.
func (s *server) onAccept(accept func(p *peer) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.accept = accept
}

func (s *server) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	_, _ = s.tcp.Close(), s.udp.Close()
	for _, p := range s.peers {
		_ = p.conn.Close()
	}
}

func (s *server) datagrams(c *net.UDPConn) {
	for buffer := make([]byte, 1<<16); ; {
		n, from, err := c.ReadFromUDPAddrPort(buffer)
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil: // on Windows, an ICMP message about an earlier reply
			continue
		case string(buffer[:n]) == fence:
			s.fences <- struct{}{}
			continue
		}
		s.take(&arrival{server: s, from: netip.AddrPortFrom(from.Addr().Unmap(), from.Port()), raw: append([]byte(nil), buffer[:n]...)})
	}
}

func (s *server) streams() {
	for {
		conn, err := s.tcp.AcceptTCP()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		s.mu.Lock()
		p := &peer{server: s, conn: conn, n: len(s.peers)}
		s.peers = append(s.peers, p)
		closed, accept := s.closed, s.accept
		s.mu.Unlock()
		if closed {
			_ = conn.Close()
			return
		}
		if accept == nil || accept(p) {
			s.served.Go(p.read)
		}
	}
}

// take passes a query to the script.
func (s *server) take(q *arrival) {
	if err := q.parse(); err != nil {
		s.t.Errorf("a query that is no DNS message: %v: % x", err, q.raw)
		return
	}
	s.turn.Lock()
	defer s.turn.Unlock()
	s.mu.Lock()
	q.n = len(s.log)
	s.log = append(s.log, q)
	s.mu.Unlock()
	if s.handle != nil {
		s.handle(q)
	}
	select {
	case s.arrived <- q:
	default: // the case counts with the log
	}
}

// next returns the next arrival.
func (s *server) next() *arrival {
	s.t.Helper()
	return suite.Receive(s.t, "the next query at a server", s.arrived)
}

// nextOf returns the next arrival for which so returns true.
func (s *server) nextOf(so func(q *arrival) bool) *arrival {
	s.t.Helper()
	for {
		if q := s.next(); so(q) {
			return q
		}
	}
}

// all returns the arrivals so far.
func (s *server) all() []*arrival {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*arrival(nil), s.log...)
}

// settle returns after every datagram that was sent to the server before has arrived: loopback
// keeps their order.
func (s *server) settle() {
	s.t.Helper()
	c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(s.addr))
	if err != nil {
		s.t.Fatalf("fence: %v", err)
	}
	defer c.Close()
	if _, err := c.Write([]byte(fence)); err != nil {
		s.t.Fatalf("fence: %v", err)
	}
	suite.Receive(s.t, "the fence at a server", s.fences)
}

// peer is the server's end of a stream.
type peer struct {
	server *server
	conn   *net.TCPConn
	n      int // which one of the server
}

// read takes the queries of the stream.
func (p *peer) read() {
	for {
		var length [2]byte
		if _, err := io.ReadFull(p.conn, length[:]); err != nil {
			return
		}
		q := &arrival{server: p.server, peer: p, raw: make([]byte, binary.BigEndian.Uint16(length[:]))}
		if _, err := io.ReadFull(p.conn, q.raw); err != nil {
			return
		}
		p.server.take(q)
	}
}

// write writes bytes as they are. An error means that the resolver has closed the stream.
func (p *peer) write(b []byte) { _, _ = p.conn.Write(b) }

// finish ends the stream in order.
func (p *peer) finish() { _ = p.conn.Close() }

// reset ends the stream with RST: SO_LINGER with a timeout of zero discards what is unsent.
func (p *peer) reset() { _, _ = p.conn.SetLinger(0), p.conn.Close() }

// framed returns the message after its length (RFC 1035, section 4.2.2).
func framed(message []byte) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(message))), message...)
}
