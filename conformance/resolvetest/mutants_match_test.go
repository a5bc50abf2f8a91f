package resolvetest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net"
	"sync"
	"syscall"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/resolve"
)

// believing lets the resolver take a reply with the right ID for the right one if so returns true.
func believing(so func(m *dnsmessage.Message) bool) func(o *WireOptions) {
	return onReplies(func(c *meddler, m *dnsmessage.Message) bool {
		if query := c.to(packed(*m)); query != nil && so(m) {
			believe(m, query)
		}
		return true
	})
}

// believe makes m a reply to the query.
func believe(m *dnsmessage.Message, query []byte) {
	var q dnsmessage.Message
	if err := q.Unpack(query); err != nil {
		panic(err)
	}
	m.ID, m.Response, m.OpCode, m.RCode, m.Questions = q.ID, true, 0, 0, q.Questions
	for i := range m.Answers {
		m.Answers[i].Header.Name = q.Questions[0].Name
	}
}

func matchMutants() []suite.Mutant[Fixture] {
	return []suite.Mutant[Fixture]{
		wireMutant("any-id", onDatagrams(func(c *meddler, m []byte) []byte {
			if len(m) >= 2 && c.last() != nil {
				binary.BigEndian.PutUint16(m, binary.BigEndian.Uint16(c.last()))
			}
			return m
		}), "wire/other-id"),
		wireMutant("no-streams", func(o *WireOptions) { o.Dial = refusing("tcp", syscall.ECONNREFUSED) }, "wire/other-id-only"),
		wireMutant("any-name", believing(func(m *dnsmessage.Message) bool {
			return len(m.Questions) == 1 && m.Questions[0].Name.String() == "other.example."
		}), "wire/other-name"),
		wireMutant("any-type", believing(func(m *dnsmessage.Message) bool {
			return len(m.Questions) == 1 && m.Questions[0].Type == dnsmessage.TypeAAAA
		}), "wire/other-type"),
		wireMutant("no-question-is-any-question", believing(func(m *dnsmessage.Message) bool { return len(m.Questions) == 0 }), "wire/no-question"),
		wireMutant("one-question-of-two", believing(func(m *dnsmessage.Message) bool { return len(m.Questions) == 2 }), "wire/two-questions"),
		wireMutant("queries-are-replies", believing(func(m *dnsmessage.Message) bool { return !m.Response }), "wire/reflected"),
		wireMutant("any-opcode", believing(func(m *dnsmessage.Message) bool { return m.OpCode != 0 }), "wire/opcode"),
		wireMutant("any-source", meddle(func() *meddling {
			return &meddling{dial: func(network string, conn net.Conn, err error) (net.Conn, error) {
				if network != "udp" || err != nil {
					return conn, err
				}
				defer conn.Close()
				c, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
				return &unconnected{UDPConn: c, to: conn.RemoteAddr()}, err
			}}
		}), "wire/other-source"),
		wireMutant("short-is-the-end", onDatagrams(func(c *meddler, m []byte) []byte {
			if len(m) < 12 {
				return made(c.last(), rcode(dnsmessage.RCodeServerFailure))
			}
			return m
		}), "wire/short"),
		wireMutant("garbage-is-the-end", onDatagrams(func(c *meddler, m []byte) []byte {
			if new(dnsmessage.Message).Unpack(m) != nil && len(m) >= 12 {
				return made(c.last(), rcode(dnsmessage.RCodeServerFailure))
			}
			return m
		}), "wire/garbage"),
		wireMutant("repairs-replies", onDatagrams(func(c *meddler, m []byte) []byte {
			if query := c.to(m); query != nil && len(m) >= 12 && new(dnsmessage.Message).Unpack(m) != nil {
				return made(query, holding(forged))
			}
			return m
		}), "wire/cut"),
		wireMutant("no-bytes-after-messages", onDatagrams(func(_ *meddler, m []byte) []byte {
			if bytes.HasSuffix(m, make([]byte, 100)) {
				return nil
			}
			return m
		}), "wire/trailing"),
		wireMutant("sockets-are-one", meddle(func() *meddling {
			return &meddling{dial: func(network string, conn net.Conn, err error) (net.Conn, error) {
				if network != "udp" || err != nil {
					return conn, err
				}
				return newPumped(conn), nil
			}, reply: func(c *meddler, m []byte) []byte {
				if c.stream || c.to(m) != nil {
					return m
				}
				c.meddling.mu.Lock()
				defer c.meddling.mu.Unlock()
				for _, other := range c.conns {
					if p, ok := other.Conn.(*pumped); ok && other != c && other.to(m) != nil {
						p.inject(m)
					}
				}
				return nil
			}}
		}), "wire/other-socket"),
		wireMutant("exact-case", onReplies(func(c *meddler, m *dnsmessage.Message) bool {
			return len(m.Questions) != 1 || c.last() == nil || made(c.last())[13] == packed(*m)[13]
		}), "wire/case"),
		wireMutant("same-case", func(o *WireOptions) { o.MixCase = false }, "wire/mixed-case"),
		wireMutant("only-the-last-transmission", meddle(func() *meddling {
			var mu sync.Mutex
			latest := map[string]uint16{}
			return &meddling{query: func(_ *meddler, m []byte) []byte {
				mu.Lock()
				defer mu.Unlock()
				latest[nameIn(m)] = binary.BigEndian.Uint16(m)
				return m
			}, reply: func(_ *meddler, m []byte) []byte {
				mu.Lock()
				defer mu.Unlock()
				if len(m) >= 2 && binary.BigEndian.Uint16(m) != latest[nameIn(m)] {
					return nil
				}
				return m
			}}
		}), "wire/late"),
		wireMutantAround("wire-completes-twice", nil, func(b resolve.Strategy) resolve.Strategy {
			return onDone(b, func(done func(resolve.Answer, error), a resolve.Answer, err error) {
				done(a, err)
				done(a, err)
			})
		}, "wire/duplicate"),
		wireMutant("retransmits-from-the-same-socket", meddle(func() *meddling {
			var mu sync.Mutex
			first := map[string]*meddler{}
			return &meddling{query: func(c *meddler, m []byte) []byte {
				mu.Lock()
				defer mu.Unlock()
				if other := first[nameIn(m)]; other != nil && other != c && !c.stream {
					_, _ = other.Conn.Write(m)
					return nil
				}
				first[nameIn(m)] = c
				return m
			}}
		}), "wire/retransmission"),
	}
}

// nameIn returns the name in the question of a message in wire form.
func nameIn(m []byte) string {
	if len(m) < 12 {
		return ""
	}
	end := bytes.IndexByte(m[12:], 0)
	return string(m[12 : 12+max(end, 0)])
}

// unconnected is a UDP socket that takes datagrams from everywhere.
type unconnected struct {
	*net.UDPConn
	to net.Addr
}

func (u *unconnected) Write(b []byte) (int, error) { return u.WriteTo(b, u.to) }

func (u *unconnected) Read(b []byte) (int, error) {
	n, _, err := u.ReadFrom(b)
	return n, err
}

// pumped is a UDP socket that datagrams can be put into.
type pumped struct {
	net.Conn
	in  chan []byte
	end chan struct{}
}

func newPumped(conn net.Conn) *pumped {
	p := &pumped{Conn: conn, in: make(chan []byte, lookupsMax), end: make(chan struct{})}
	go func() {
		defer close(p.end)
		for {
			b := make([]byte, 1<<16)
			n, err := conn.Read(b)
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err == nil {
				p.inject(b[:n])
			}
		}
	}()
	return p
}

func (p *pumped) inject(b []byte) {
	select {
	case p.in <- b:
	default:
	}
}

func (p *pumped) Read(b []byte) (int, error) {
	select {
	case m := <-p.in:
		return copy(b, m), nil
	case <-p.end:
		return 0, net.ErrClosed
	}
}
