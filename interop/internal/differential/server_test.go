package differential

import (
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"

	"github.com/miekg/dns"
)

// asked is a query that has arrived.
type asked struct {
	msg    *dns.Msg
	raw    []byte
	stream bool
	nth    int // query of this name and kind of transport, from 1
}

func (a asked) edns() bool { return a.msg.IsEdns0() != nil }

// sent is a message on its way back.
type sent struct {
	data      []byte
	elsewhere bool // from another port
	end       bool // the stream ends after it
}

// script returns the replies to a query. A stream without a reply is closed.
type script func(a asked) []sent

// server plays the cases. The first label of a name is that of the case.
type server struct {
	addr     netip.AddrPort
	scripts  map[string]script
	udp      *net.UDPConn
	other    *net.UDPConn // at the same address with another port
	tcp      net.Listener
	serving  sync.WaitGroup
	mu       sync.Mutex
	arrivals map[string]int
	conns    map[net.Conn]struct{}
}

// startServer serves the cases at an address.
func startServer(addr netip.AddrPort, cases []Case) (*server, error) {
	s := &server{scripts: map[string]script{}, arrivals: map[string]int{}, conns: map[net.Conn]struct{}{}}
	for _, c := range cases {
		s.scripts[c.label()] = c.script
	}
	var err error
	if s.tcp, err = net.Listen("tcp", addr.String()); err != nil {
		return nil, err
	}
	s.addr = s.tcp.Addr().(*net.TCPAddr).AddrPort()
	if s.udp, err = net.ListenUDP("udp", net.UDPAddrFromAddrPort(s.addr)); err != nil {
		_ = s.tcp.Close()
		return nil, err
	}
	if s.other, err = net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(s.addr.Addr(), 0))); err != nil {
		_, _ = s.tcp.Close(), s.udp.Close()
		return nil, err
	}
	s.serving.Go(s.serveDatagrams)
	s.serving.Go(s.serveStreams)
	return s, nil
}

func (s *server) close() {
	_, _, _ = s.tcp.Close(), s.udp.Close(), s.other.Close()
	s.mu.Lock()
	for c := range s.conns {
		_ = c.Close()
	}
	s.mu.Unlock()
	s.serving.Wait()
}

// replies returns what the case says to a query.
func (s *server) replies(raw []byte, stream bool) []sent {
	m := new(dns.Msg)
	if m.Unpack(raw) != nil || len(m.Question) != 1 || m.Question[0].Qtype != dns.TypeA {
		return nil
	}
	name := strings.ToLower(m.Question[0].Name)
	label, _, _ := strings.Cut(name, ".")
	script := s.scripts[label]
	if script == nil {
		return nil
	}
	key := name
	if stream {
		key += "stream"
	}
	s.mu.Lock()
	s.arrivals[key]++
	nth := s.arrivals[key]
	s.mu.Unlock()
	return script(asked{m, raw, stream, nth})
}

func (s *server) serveDatagrams() {
	buffer := make([]byte, 1<<16)
	for {
		n, from, err := s.udp.ReadFromUDPAddrPort(buffer)
		if err != nil {
			return
		}
		for _, r := range s.replies(append([]byte(nil), buffer[:n]...), false) {
			c := s.udp
			if r.elsewhere {
				c = s.other
			}
			_, _ = c.WriteToUDPAddrPort(r.data, from)
		}
	}
}

func (s *server) serveStreams() {
	for {
		c, err := s.tcp.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.conns[c] = struct{}{}
		s.mu.Unlock()
		s.serving.Go(func() {
			s.serveStream(c)
			_ = c.Close()
			s.mu.Lock()
			delete(s.conns, c)
			s.mu.Unlock()
		})
	}
}

// slowBytes are the first bytes of each message on a stream, which are written one by one.
const slowBytes = 20

func (s *server) serveStream(c net.Conn) {
	length := make([]byte, 2)
	for {
		if _, err := io.ReadFull(c, length); err != nil {
			return
		}
		raw := make([]byte, binary.BigEndian.Uint16(length))
		if _, err := io.ReadFull(c, raw); err != nil {
			return
		}
		replies := s.replies(raw, true)
		if len(replies) == 0 {
			return
		}
		for _, r := range replies {
			out := append(binary.BigEndian.AppendUint16(nil, uint16(len(r.data))), r.data...)
			for len(out) > 0 {
				n := 1
				if len(out) < len(r.data)+2-slowBytes {
					n = len(out)
				}
				if _, err := c.Write(out[:n]); err != nil {
					return
				}
				out = out[n:]
			}
			if r.end {
				return
			}
		}
	}
}
