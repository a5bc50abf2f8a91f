package resolvetest

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"testing"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/resolve"
)

// dnsServer answers over UDP on loopback as a lookup does.
type dnsServer struct {
	conn   net.PacketConn
	lookup resolve.Lookup
	ctx    context.Context
}

const (
	rcodeServFail = 2
	rcodeNXDomain = 3
	headerBytes   = 12
)

func startServer(t T, lookup resolve.Lookup) (*dnsServer, error) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &dnsServer{conn: conn, lookup: lookup, ctx: ctx}
	go s.serve()
	t.Cleanup(func() {
		// Held lookups end with the script, whose own cleanup runs later. So this cleanup does not
		// wait for them.
		cancel()
		conn.Close()
	})
	return s, nil
}

// resolver returns a resolver of package net that asks only this server.
func (s *dnsServer) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", s.conn.LocalAddr().String())
	}}
}

func (s *dnsServer) serve() {
	for {
		buf := make([]byte, 512)
		n, from, err := s.conn.ReadFrom(buf)
		if err != nil {
			return
		}
		go func() {
			if reply := s.reply(buf[:n]); reply != nil {
				_, _ = s.conn.WriteTo(reply, from) // a lost reply is a lost datagram: the resolver asks again
			}
		}()
	}
}

// reply answers one question (RFC 1035, section 4.1). It returns nil for no reply.
func (s *dnsServer) reply(query []byte) []byte {
	name, end := "", headerBytes
	for end < len(query) && query[end] != 0 {
		n := int(query[end])
		if end+1+n >= len(query) {
			return nil
		}
		name += string(query[end+1:end+1+n]) + "."
		end += 1 + n
	}
	if end+5 > len(query) {
		return nil
	}
	end += 5
	typ := resolve.Type(binary.BigEndian.Uint16(query[end-4:]))
	q, err := resolve.NewQuestion(name, typ)
	if err != nil {
		return nil
	}
	a, err := s.lookup(s.ctx, q)
	rcode := 0
	switch {
	case errors.Is(err, resolve.ErrNotFound):
		rcode = rcodeNXDomain
	case err != nil && !errors.Is(err, resolve.ErrNoData):
		rcode = rcodeServFail
	}
	reply := append([]byte(nil), query[:end]...)
	reply[2], reply[3] = 0x81, byte(0x80|rcode) // QR, RD, RA
	binary.BigEndian.PutUint16(reply[6:], uint16(a.Len()))
	binary.BigEndian.PutUint16(reply[8:], 0)
	binary.BigEndian.PutUint16(reply[10:], 0)
	for addr := range a.All() {
		rdata := addr.AsSlice()
		reply = append(reply, 0xc0, headerBytes) // the name of the question
		reply = binary.BigEndian.AppendUint16(reply, uint16(q.Type))
		reply = binary.BigEndian.AppendUint16(reply, uint16(q.Class))
		reply = binary.BigEndian.AppendUint32(reply, 60)
		reply = binary.BigEndian.AppendUint16(reply, uint16(len(rdata)))
		reply = append(reply, rdata...)
	}
	return reply
}

// TestPoolOverNet runs the cases with package net and a real server between the pool and the
// script.
func TestPoolOverNet(t *testing.T) {
	Run(t, Target{Name: "pool over net", Claims: []Feature{Async}, Fixture: Fixture{
		Base: func(t T, lookup resolve.Lookup, bounds resolve.PoolOptions) (resolve.Strategy, error) {
			s, err := startServer(t, lookup)
			if err != nil {
				return nil, err
			}
			return resolve.NewPool(resolve.System{Resolver: s.resolver()}.Lookup, bounds)
		},
	}})
}

func TestHostOverNet(t *testing.T) {
	server, err := startServer(suite.Of(t), func(_ context.Context, q resolve.Question) (resolve.Answer, error) {
		if q.Type == typeAAAA {
			return answer(q, "2001:db8::1"), nil
		}
		return answer(q, "192.0.2.1", "192.0.2.2"), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	pool, err := resolve.NewPool(resolve.System{Resolver: server.resolver()}.Lookup, resolve.PoolOptions{Workers: 2, MaxQueued: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Wait)
	t.Cleanup(func() { pool.Close() })
	h := resolve.Host{Strategy: pool}
	got, err := h.Lookup(t.Context(), "Both.Example", resolve.FamilyBoth)
	if err != nil || got.V4.Len() != 2 || got.Addrs()[0] != netip.MustParseAddr("2001:db8::1") || got.V4.Origin != resolve.OriginSystem {
		t.Errorf("got %v, %v, want three addresses from the system", got.Addrs(), err)
	}
}
