package resolvetest

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/edgewise-go/edgewise/resolve"
)

// sources maps destinations to source addresses. A destination that is not in it has no source.
type sources struct {
	of     map[string]string
	err    error // the answer to every destination, if it is not nil
	called map[netip.Addr]int
}

func (s *sources) source(dst netip.Addr) (netip.Addr, error) {
	if s.called == nil {
		s.called = map[netip.Addr]int{}
	}
	s.called[dst]++
	text, ok := s.of[dst.String()]
	switch {
	case s.err != nil:
		return netip.Addr{}, s.err
	case !ok:
		return netip.Addr{}, resolve.ErrNoSource
	}
	return netip.MustParseAddr(text), nil
}

// sorts looks up addresses by Start and by Try, and fails t unless both give them in the order of
// want.
func (p Fixture) sorts(t T, order resolve.Order, s *sources, v6, v4, want []string) {
	t.Helper()
	c := startHost(t, func(next resolve.Strategy) Resolver { return p.Source(next, order, s.source) }, "one.example", nil)
	c.tell(typeAAAA, nil, v6...)
	c.tell(typeA, nil, v4...)
	c.has(want...)
	u := &upstream{t: t, try: func(q resolve.Question) (resolve.Answer, error) {
		if q.Type == typeAAAA {
			return answer(q, v6...), nil
		}
		return answer(q, v4...), nil
	}}
	got, err := p.Source(u, order, s.source).Try("one.example", resolve.FamilyBoth)
	if err != nil || !slices.Equal(got.Addrs(), addrs(want...)) {
		t.Errorf("Try: got %v, %v, want %v", got.Addrs(), err, want)
	}
}

func sourceCases() []Case {
	texts := func(list ...string) []string { return list }
	return []Case{
		{ID: "source/rules", Doc: "resolve.OrderRFC6724", Rule: "With source addresses, destinations are also sorted by scope, label and common prefix.",
			Source: "RFC 6724, section 10.2", Needs: needs(Source), Run: func(t T, p Fixture) {
				for _, x := range []struct {
					of           map[string]string
					v6, v4, want []string
				}{
					{map[string]string{"2001:db8:1::1": "fe80::1", "198.51.100.121": "198.51.100.117"}, // rule 2
						texts("2001:db8:1::1"), texts("198.51.100.121"), texts("198.51.100.121", "2001:db8:1::1")},
					{map[string]string{"2001:db8:1::1": "2001:db8:1::2", "198.51.100.121": "169.254.13.78"}, // rule 2
						texts("2001:db8:1::1"), texts("198.51.100.121"), texts("2001:db8:1::1", "198.51.100.121")},
					{map[string]string{"2001:db8:1::1": "2002:c633:6401::2", "2002:c633:6401::1": "2002:c633:6401::2", "192.0.2.1": "192.0.2.2"}, // rule 5
						texts("2001:db8:1::1", "2002:c633:6401::1"), texts("192.0.2.1"), texts("192.0.2.1", "2002:c633:6401::1", "2001:db8:1::1")},
					{map[string]string{"2001:db8:3ffe::1": "2001:db8:3f44::2", "2001:db8:1::1": "2001:db8:1::2", "192.0.2.1": "192.0.2.2"}, // rule 9
						texts("2001:db8:3ffe::1", "2001:db8:1::1"), texts("192.0.2.1"), texts("2001:db8:1::1", "2001:db8:3ffe::1", "192.0.2.1")},
				} {
					p.sorts(t, resolve.OrderRFC6724, &sources{of: x.of}, x.v6, x.v4, x.want)
				}
			}},
		{ID: "source/unreachable", Doc: "resolve.ErrNoSource", Rule: "Destinations without a source address come last.", Source: "RFC 6724, section 6, rule 1", Needs: needs(Source),
			Run: func(t T, p Fixture) {
				s := &sources{of: map[string]string{"192.0.2.1": "192.0.2.9", "192.0.2.2": "192.0.2.9"}}
				p.sorts(t, resolve.OrderRFC6724, s, texts("2001:db8::1", "2001:db8::2"), texts("192.0.2.1", "192.0.2.2"),
					texts("192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2"))
				p.sorts(t, resolve.OrderInterleave, s, texts("2001:db8::1", "2001:db8::2"), texts("192.0.2.1", "192.0.2.2"),
					texts("192.0.2.1", "2001:db8::1", "192.0.2.2", "2001:db8::2"))
			}},
		{ID: "source/unknown", Doc: "resolve.Host.Source", Rule: "If a source cannot be found out, the destinations are sorted as without sources.", Needs: needs(Source),
			Run: func(t T, p Fixture) {
				s := &sources{of: map[string]string{"192.0.2.1": "192.0.2.9"}, err: errors.New("no descriptor left")}
				p.sorts(t, resolve.OrderRFC6724, s, texts("2001:db8::1"), texts("192.0.2.1"), texts("2001:db8::1", "192.0.2.1"))
			}},
		{ID: "source/bounded", Doc: "resolve.MaxSourceProbes", Rule: "At most MaxSourceProbes sources are asked for, each once, and both families have their share. Every address is in the answer.",
			Needs: needs(Source), Run: func(t T, p Fixture) {
				var v6 []string
				for i := range resolve.MaxAnswerAddrs {
					v6 = append(v6, fmt.Sprintf("2001:db8::%x", i+1))
				}
				s := &sources{of: map[string]string{"192.0.2.1": "192.0.2.9"}}
				c := startHost(t, func(next resolve.Strategy) Resolver { return p.Source(next, resolve.OrderRFC6724, s.source) }, "one.example", nil)
				c.tell(typeAAAA, nil, v6...)
				c.tell(typeA, nil, "192.0.2.1")
				c.has(append(texts("192.0.2.1"), v6...)...)
				n := 0
				for dst, times := range s.called {
					if n += times; times != 1 {
						t.Errorf("the source for %v was asked for %d times in one sort", dst, times)
					}
				}
				if n > resolve.MaxSourceProbes {
					t.Errorf("%d sources were asked for, want at most %d", n, resolve.MaxSourceProbes)
				}
			}},
		{ID: "source/not-needed", Doc: "resolve.Host.Source", Rule: "No source is asked for if there is only one address, or if OrderAsGiven asks for no sort.", Needs: needs(Source),
			Run: func(t T, p Fixture) {
				s := &sources{}
				p.sorts(t, resolve.OrderAsGiven, s, texts("2001:db8::1"), texts("192.0.2.1"), texts("2001:db8::1", "192.0.2.1"))
				c := startHost(t, func(next resolve.Strategy) Resolver { return p.Source(next, resolve.OrderRFC6724, s.source) }, "one.example", nil)
				c.tell(typeAAAA, resolve.ErrNoData)
				c.tell(typeA, nil, "192.0.2.1")
				c.has("192.0.2.1")
				if len(s.called) != 0 {
					t.Errorf("sources were asked for: %v", s.called)
				}
			}},
	}
}
