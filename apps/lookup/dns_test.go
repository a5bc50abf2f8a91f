//go:build unix

package main

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"
)

// script returns the records of a name, or a response code. A negative code is no reply at all.
type script func(q dnsmessage.Question) ([]dnsmessage.Resource, int)

// silence is the response code of no reply.
const silence = -1

// hold is the response code of a reply that the script gives later: over UDP, the server asks it
// again after the next query.
const hold = -2

// server is a name server that answers by a script, over UDP and TCP at one port.
type server struct {
	addr   string
	script script
	raw    func(name string) // gets the names as they arrive; may be nil
	forget bool              // do not count what is asked

	mu    sync.Mutex // guards asked
	asked map[string]int
}

// serve starts a server that answers by a script. It ends with the test.
func serve(t testing.TB, s script) *server { return (&server{script: s}).start(t) }

func (v *server) start(t testing.TB) *server {
	t.Helper()
	v.asked = map[string]int{}
	var serving sync.WaitGroup
	udp, tcp := listenBoth(t)
	v.addr = udp.LocalAddr().String()
	_ = udp.SetReadBuffer(4 << 20)
	t.Cleanup(func() {
		udp.Close()
		tcp.Close()
		serving.Wait()
	})
	serving.Go(func() {
		type query struct {
			message []byte
			from    netip.AddrPort
		}
		p := make([]byte, 4096)
		var held []query
		for {
			n, from, err := udp.ReadFromUDPAddrPort(p)
			if err != nil {
				return
			}
			open := append([]query{{slices.Clone(p[:n]), from}}, held...)
			held = held[:0:0]
			for _, q := range open {
				reply, later := v.reply(q.message)
				if later {
					held = append(held, q)
				} else if reply != nil {
					_, _ = udp.WriteToUDPAddrPort(reply, q.from)
				}
			}
		}
	})
	serving.Go(func() { v.accept(t.Context(), tcp, &serving) })
	return v
}

// listenBoth returns sockets for UDP and TCP with one port.
func listenBoth(t testing.TB) (*net.UDPConn, net.Listener) {
	t.Helper()
	var last error
	for range 100 {
		tcp, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		udp, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort(tcp.Addr().String())))
		if err == nil {
			return udp, tcp
		}
		tcp.Close()
		last = err
	}
	require.NoError(t, last)
	return nil, nil
}

// accept serves the connections of a listener: messages with their length before them.
func (v *server) accept(ctx context.Context, l net.Listener, serving *sync.WaitGroup) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		serving.Go(func() {
			defer c.Close()
			defer context.AfterFunc(ctx, func() { c.Close() })()
			for {
				var length [2]byte
				if _, err := io.ReadFull(c, length[:]); err != nil {
					return
				}
				message := make([]byte, binary.BigEndian.Uint16(length[:]))
				if _, err := io.ReadFull(c, message); err != nil {
					return
				}
				if reply, _ := v.reply(message); reply != nil {
					_, _ = c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(reply))), reply...))
				}
			}
		})
	}
}

// reply returns the reply to a query, or nil for none.
func (v *server) reply(query []byte) (reply []byte, later bool) {
	var p dnsmessage.Parser
	h, err := p.Start(query)
	if err != nil {
		return nil, false
	}
	q, err := p.Question()
	if err != nil {
		return nil, false
	}
	lower := q
	lower.Name = dnsmessage.MustNewName(strings.ToLower(q.Name.String()))
	if !v.forget {
		v.mu.Lock()
		v.asked[strings.TrimPrefix(q.Type.String(), "Type")+" "+lower.Name.String()]++
		v.mu.Unlock()
	}
	if v.raw != nil {
		v.raw(q.Name.String())
	}
	answers, rcode := v.script(lower)
	if rcode == silence || rcode == hold {
		return nil, rcode == hold
	}
	m := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: h.ID, Response: true, RecursionDesired: true, RecursionAvailable: true, RCode: dnsmessage.RCode(rcode)},
		Questions: []dnsmessage.Question{q}, Answers: answers,
	}
	if len(answers) == 0 && (rcode == 0 || rcode == 3) {
		zone := dnsmessage.MustNewName("test.")
		m.Authorities = []dnsmessage.Resource{{Header: dnsmessage.ResourceHeader{Name: zone, Class: dnsmessage.ClassINET, TTL: 60},
			Body: &dnsmessage.SOAResource{NS: zone, MBox: zone, Serial: 1, MinTTL: 60}}}
	}
	packed, err := m.Pack()
	if err != nil {
		panic(err)
	}
	return packed, false
}

// times returns how often a question was asked, such as "A www.example.test.".
func (v *server) times(question string) int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.asked[question]
}

// names returns the names that were asked for, sorted.
func (v *server) names() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	var names []string
	for question := range v.asked {
		_, name, _ := strings.Cut(question, " ")
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

// total returns how many queries have arrived.
func (v *server) total() (n int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, times := range v.asked {
		n += times
	}
	return n
}

// zone answers from records, which map "NAME TYPE" to data. The names in it exist; others do not.
type zone map[string][]dnsmessage.ResourceBody

func (z zone) script(q dnsmessage.Question) ([]dnsmessage.Resource, int) {
	name := q.Name.String()
	records := z[name+" "+strings.TrimPrefix(q.Type.String(), "Type")]
	rcode := 3
	for key := range z {
		if strings.HasPrefix(key, name+" ") {
			rcode = 0
		}
	}
	answers := make([]dnsmessage.Resource, len(records))
	for i, body := range records {
		answers[i] = dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Name: q.Name, Class: dnsmessage.ClassINET, TTL: 300}, Body: body}
	}
	return answers, rcode
}

func a(addr string) dnsmessage.ResourceBody {
	return &dnsmessage.AResource{A: netip.MustParseAddr(addr).As4()}
}

func aaaa(addr string) dnsmessage.ResourceBody {
	return &dnsmessage.AAAAResource{AAAA: netip.MustParseAddr(addr).As16()}
}

func mx(preference uint16, host string) dnsmessage.ResourceBody {
	return &dnsmessage.MXResource{Pref: preference, MX: dnsmessage.MustNewName(host)}
}
