package resolvetest

import (
	"net/netip"
	"slices"

	"github.com/edgewise-go/edgewise/resolve"
)

// both asks q with Try and with Start and returns their result, which must be the same.
func both(t T, s resolve.Strategy, q resolve.Question) (resolve.Answer, error) {
	t.Helper()
	o := newOwner(t)
	got, err := s.Try(q)
	c := o.start(s, q)
	if c.completions() != 0 {
		t.Fatalf("%v: Done was called before Start returned", q)
	}
	o.await(c)
	o.once(c)
	if (err == nil) != (c.err == nil) || err != nil && err.Error() != c.err.Error() ||
		!slices.Equal(got.AppendAddrs(nil), c.answer.AppendAddrs(nil)) {
		t.Errorf("%v: Try gave %v, %v but Start gave %v, %v", q, got.AppendAddrs(nil), err, c.answer.AppendAddrs(nil), c.err)
	}
	return got, err
}

// passesOn fails t unless s passes the question on to the strategy below, once by Try and once by
// Start.
func passesOn(t T, s resolve.Strategy, u *upstream, q resolve.Question) {
	t.Helper()
	tried := 0
	u.try = func(resolve.Question) (resolve.Answer, error) {
		tried++
		return resolve.Answer{}, resolve.ErrWouldBlock
	}
	_, err := s.Try(q)
	isError(t, "Try", err, resolve.ErrWouldBlock)
	if tried != 1 {
		t.Errorf("%v: the strategy below was tried %d times, want once", q, tried)
	}
	n := u.count()
	o := newOwner(t)
	c := o.start(s, q)
	u.asked(n+1, q.String())
	u.finish(n, answer(q, "198.51.100.7", "2001:db8::7"), nil)
	o.await(c)
	if q.Type == resolve.TypeAAAA {
		c.holds("2001:db8::7")
	} else {
		c.holds("198.51.100.7")
	}
}

func staticCases() []Case {
	return []Case{
		{ID: "literal/answers", Doc: "resolve.Literal", Rule: "An IP literal is answered without a lookup. Zones are kept, and IPv4-in-IPv6 is IPv4.",
			Needs: needs(Literal), Run: func(t T, p Fixture) {
				u := &upstream{t: t}
				l := p.Literal(u)
				for _, c := range []struct{ name, want string }{
					{"192.0.2.1", "192.0.2.1"}, {"::ffff:192.0.2.1", "192.0.2.1"},
				} {
					got, err := both(t, l, a(c.name))
					holds(t, c.name, got, err, c.want)
				}
				for _, name := range []string{"2001:db8::1", "::1", "fe80::1%eth0", "fe80::1%1"} {
					got, err := both(t, l, aaaa(name))
					holds(t, name, got, err, name)
				}
				u.asked(0, "literals")
			}},
		{ID: "literal/other-family", Doc: "resolve.Literal", Rule: "A literal of the other family is ErrNoData and is not passed on.", Needs: needs(Literal),
			Run: func(t T, p Fixture) {
				u := &upstream{t: t}
				l := p.Literal(u)
				for _, q := range []resolve.Question{aaaa("192.0.2.1"), a("2001:db8::1"), aaaa("::ffff:192.0.2.1")} {
					_, err := both(t, l, q)
					isError(t, q.String(), err, resolve.ErrNoData)
				}
				u.asked(0, "literals")
			}},
		{ID: "literal/passes-on", Doc: "resolve.Literal", Rule: "A name that is not a literal is passed on.", Needs: needs(Literal), Run: func(t T, p Fixture) {
			u := &upstream{t: t}
			passesOn(t, p.Literal(u), u, a("one.example"))
		}},
		{ID: "static/spellings", Doc: "resolve.Static", Rule: "Names match regardless of case and of the final dot.",
			Source: "RFC 4343", Needs: needs(Static), Run: func(t T, p Fixture) {
				u := &upstream{t: t}
				s := p.static(t, map[string][]netip.Addr{"Db.Example.": addrs("10.0.0.1", "fd00::1", "10.0.0.2")}, u)
				for _, name := range []string{"db.example", "DB.EXAMPLE", "db.example.", "dB.eXample."} {
					got, err := both(t, s, a(name))
					holds(t, name, got, err, "10.0.0.1", "10.0.0.2")
					got, err = both(t, s, aaaa(name))
					holds(t, name, got, err, "fd00::1")
				}
				u.asked(0, "names in the table")
			}},
		{ID: "static/owns-its-names", Doc: "resolve.Static", Rule: "A family that a name in the table lacks is ErrNoData and is not passed on.",
			Needs: needs(Static), Run: func(t T, p Fixture) {
				u := &upstream{t: t}
				s := p.static(t, map[string][]netip.Addr{"db.example": addrs("10.0.0.1")}, u)
				_, err := both(t, s, aaaa("db.example"))
				isError(t, "AAAA", err, resolve.ErrNoData)
				u.asked(0, "a name in the table")
			}},
		{ID: "static/passes-on", Doc: "resolve.Static", Rule: "A name that is not in the table is passed on, and so is a type that is not an address.", Needs: needs(Static),
			Run: func(t T, p Fixture) {
				u := &upstream{t: t}
				s := p.static(t, map[string][]netip.Addr{"db.example": addrs("10.0.0.1")}, u)
				passesOn(t, s, u, a("x.db.example"))
				const mx = 15
				o := newOwner(t)
				q := question("db.example", mx)
				c := o.start(s, q)
				u.asked(2, "MX")
				u.finish(1, resolve.Answer{Question: q}, nil)
				o.await(c)
			}},
		{ID: "static/copies", Doc: "resolve.Static", Rule: "The table is a copy of the given map.", Needs: needs(Static),
			Run: func(t T, p Fixture) {
				names := map[string][]netip.Addr{"db.example": addrs("10.0.0.1", "10.0.0.2")}
				s := p.static(t, names, &upstream{t: t})
				names["db.example"][0] = netip.IPv4Unspecified()
				got, err := both(t, s, a("db.example"))
				holds(t, "after writing to the map", got, err, "10.0.0.1", "10.0.0.2")
			}},
	}
}

func (p Fixture) static(t T, names map[string][]netip.Addr, next resolve.Strategy) resolve.Strategy {
	t.Helper()
	s, err := p.Static(names, next)
	if err != nil {
		t.Fatalf("static: %v", err)
	}
	return s
}
