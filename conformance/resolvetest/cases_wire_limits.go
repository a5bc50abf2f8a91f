package resolvetest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"syscall"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/edgewise-go/edgewise/resolve"
)

func wireLimitCases() []Case {
	return []Case{
		{ID: "wire/close-idle", Doc: "resolve.Strategy.Close", Rule: "After Close all goroutines end soon, even if the resolver has no socket and waits for nothing.",
			Needs: needs(Wire), Run: func(t T, p Fixture) {
				w := p.wire(t, WireOptions{Dial: refusing("udp", syscall.ENETUNREACH)}, silent)
				w.servers[0].refuseStreams()
				w.lookup("one.example").fails(resolve.ErrServFail)
				w.end()
			}},
		{ID: "wire/handles", Doc: "stub", Rule: "If the process has no more handles, lookups continue on the sockets that are open. Without a socket they fail with that error.",
			Source: "go#3575, go#6232", Needs: needs(Wire), Run: func(t T, p Fixture) {
				for _, limit := range []int32{0, 1, 3} {
					handles(t, p, limit, syscall.EMFILE)
				}
				handles(t, p, 1, syscall.EADDRNOTAVAIL) // no more ports
			}},
		{ID: "wire/in-flight", Doc: "stub.Options.MaxInFlight", Rule: "Lookups beyond the bound complete with ErrQueueFull. All others are answered, and make room.",
			Needs: needs(Wire), Run: func(t T, p Fixture) {
				w := p.wire(t, WireOptions{MaxInFlight: 2}, nil)
				first, second := w.ask("one.example"), w.ask("two.example")
				third := w.lookup("three.example")
				third.fails(resolve.ErrQueueFull)
				for _, c := range []*call{first, second} {
					w.servers[0].nextOf(func(q *arrival) bool { return q.name() == c.Question.Name.String()+"." }).reply()
				}
				w.await(first, second)
				first.holds("192.0.2.1")
				second.holds("192.0.2.1")
				fourth := w.ask("four.example")
				w.servers[0].nextOf(func(q *arrival) bool { return q.name() == "four.example." }).reply()
				w.await(fourth)
				fourth.holds("192.0.2.1")
			}},
		{ID: "wire/budget", Doc: "stub.MaxWire", Rule: "One lookup sends a bounded number of queries, whatever servers reply.", Source: "TsuNAME", Needs: needs(Wire),
			Run: func(t T, p Fixture) {
				w := p.wire(t, WireOptions{}, func(q *arrival) {
					q.reply(func(m *dnsmessage.Message) {
						m.Answers = []dnsmessage.Resource{record(q.question().Name, &dnsmessage.CNAMEResource{CNAME: dnsName(fmt.Sprintf("n%d.example.", q.n))})}
					})
				})
				c := w.lookup("alias.example")
				if !errors.Is(c.err, resolve.ErrMalformed) && !errors.Is(c.err, resolve.ErrNoData) {
					t.Errorf("got %v, want an error about the aliases", c.err)
				}
				if n := len(w.over(0)); n > wireMax {
					t.Errorf("got %d queries, want at most %d", n, wireMax)
				}
			}},
	}
}

// wireMax bounds the queries of one lookup.
const wireMax = 40

// handles lets the resolver open limit UDP sockets, and streams if it has a socket: a machine that
// is slower than the timers makes it ask over one.
func handles(t T, p Fixture, limit int32, cause error) {
	var opened atomic.Int32
	w := p.wire(t, WireOptions{Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		if (network == "udp" || limit == 0) && opened.Add(1) > limit {
			return nil, &net.OpError{Op: "dial", Net: network, Err: cause}
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	}}, answers())
	for i := range 20 {
		c := w.lookup(fmt.Sprintf("n%d.example", i))
		if limit > 0 {
			c.holds("192.0.2.1")
			continue
		}
		c.fails(resolve.ErrServFail)
		c.fails(cause)
	}
}
