package resolvetest

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/resolve"
)

// newLookupServer starts a server that answers as a lookup does.
func newLookupServer(t T, lookup resolve.Lookup) *server {
	ctx, cancel := context.WithCancel(context.Background())
	s := newServer(t, func(q *arrival) {
		// A lookup may be held. Held lookups end with the script, and nothing waits for them here.
		go func() { replyAs(ctx, q, lookup) }()
	})
	t.Cleanup(cancel)
	return s
}

// replyAs replies with what the lookup returns.
func replyAs(ctx context.Context, q *arrival, lookup resolve.Lookup) {
	asked, err := resolve.NewQuestion(q.name(), resolve.Type(q.question().Type))
	if err != nil {
		q.reply(rcode(dnsmessage.RCodeFormatError))
		return
	}
	found, err := lookup(ctx, asked)
	switch {
	case errors.Is(err, resolve.ErrNotFound):
		q.reply(rcode(dnsmessage.RCodeNameError))
	case err != nil && !errors.Is(err, resolve.ErrNoData):
		q.reply(rcode(dnsmessage.RCodeServerFailure))
	default:
		q.reply(func(m *dnsmessage.Message) {
			m.Answers = nil
			for addr := range found.All() {
				m.Answers = append(m.Answers, record(q.question().Name, address(addr)))
			}
		})
	}
}

// netResolver returns a resolver of package net that asks only s, over UDP.
func netResolver(s *server) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", s.addr.String())
	}}
}

// TestPoolOverNet runs the cases with package net and a real server between the pool and the
// script.
func TestPoolOverNet(t *testing.T) {
	Run(t, Target{Name: "pool over net", Claims: []Feature{Async}, Fixture: Fixture{
		Base: func(t T, lookup resolve.Lookup, bounds resolve.PoolOptions) (resolve.Strategy, error) {
			s := newLookupServer(t, lookup)
			return resolve.NewPool(resolve.System{Resolver: netResolver(s)}.Lookup, bounds)
		},
	}})
}

func TestHostOverNet(t *testing.T) {
	server := newLookupServer(suite.Of(t), func(_ context.Context, q resolve.Question) (resolve.Answer, error) {
		if q.Type == typeAAAA {
			return answer(q, "2001:db8::1"), nil
		}
		return answer(q, "192.0.2.1", "192.0.2.2"), nil
	})
	pool, err := resolve.NewPool(resolve.System{Resolver: netResolver(server)}.Lookup, resolve.PoolOptions{Workers: 2, MaxQueued: 2})
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
