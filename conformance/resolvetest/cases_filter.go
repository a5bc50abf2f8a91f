package resolvetest

import (
	"net/netip"

	"github.com/edgewise-go/edgewise/resolve"
)

func (p Fixture) filter(t T, options resolve.FilterOptions) *decorated {
	t.Helper()
	return decorate(t, func(first, _ resolve.Strategy) (resolve.Strategy, error) { return p.Filter(options, first) })
}

// filtered returns the result of a query that the next strategy answers with a.
func (d *decorated) filtered(q resolve.Question, a resolve.Answer) *call {
	c := d.start(q)
	d.first.finish(d.first.count()-1, a, nil)
	d.owner.await(c)
	d.owner.once(c)
	return c
}

func filterCases() []Case {
	private := []string{"10.0.0.1", "172.16.0.1", "192.168.1.1", "127.0.0.1", "127.255.0.1", "169.254.169.254", "0.0.0.0", "0.1.2.3", "100.64.0.1", "100.127.255.255",
		"224.0.0.1", "255.255.255.255", "240.0.0.1", "::1", "::", "fe80::1", "fc00::1", "fd12::1", "fec0::1", "ff02::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1",
		"::127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b:1::1", "2002:7f00:1::", "::ffff:0:10.0.0.1"}
	public := []string{"192.0.2.1", "8.8.8.8", "100.63.255.255", "100.128.0.1", "172.32.0.1", "2001:db8::1", "64:ff9b::808:808", "2002:808:808::", "::ffff:8.8.8.8"}
	asked := func(text string) resolve.Question {
		if netip.MustParseAddr(text).Is4() {
			return a("one.example")
		}
		return aaaa("one.example")
	}
	return []Case{
		{ID: "filter/private", Doc: "resolve.Filter", Rule: "An answer with an address that is not public completes with ErrFiltered, in every form of the address, also among public ones.",
			Source: "DNS rebinding", Needs: needs(Filter), Run: func(t T, p Fixture) {
				f := p.filter(t, resolve.FilterOptions{})
				for _, text := range private {
					q := asked(text)
					f.filtered(q, answer(q, text)).fails(resolve.ErrFiltered)
				}
				f.filtered(a("one.example"), answer(a("one.example"), "192.0.2.1", "10.0.0.1")).fails(resolve.ErrFiltered)
			}},
		{ID: "filter/public", Doc: "resolve.Filter", Rule: "Answers with public addresses pass unchanged, and so do negative answers.", Needs: needs(Filter), Run: func(t T, p Fixture) {
			f := p.filter(t, resolve.FilterOptions{})
			for _, text := range public {
				q := asked(text)
				f.filtered(q, answer(q, text)).holds(text)
			}
			c := f.start(a("one.example"))
			f.first.finish(f.first.count()-1, resolve.Answer{}, failure(c.Question, resolve.ErrNoData))
			f.owner.await(c)
			c.fails(resolve.ErrNoData)
		}},
		{ID: "filter/allow", Doc: "resolve.FilterOptions", Rule: "An allowed name and the names below it may have any address; other names that end in the same letters may not.", Needs: needs(Filter),
			Run: func(t T, p Fixture) {
				f := p.filter(t, resolve.FilterOptions{Allow: []string{"Corp.example."}})
				for name, passes := range map[string]bool{"corp.example": true, "db.corp.example": true, "a.b.corp.example": true,
					"notcorp.example": false, "example": false, "corp.example.net": false} {
					q := a(name)
					if c := f.filtered(q, answer(q, "10.0.0.1")); passes {
						c.holds("10.0.0.1")
					} else {
						c.fails(resolve.ErrFiltered)
					}
				}
			}},
		{ID: "filter/try", Doc: "resolve.Filter.Try", Rule: "An answer from memory is refused like any other.", Needs: needs(Filter), Run: func(t T, p Fixture) {
			f := p.filter(t, resolve.FilterOptions{Allow: []string{"corp.example"}})
			f.first.try = func(q resolve.Question) (resolve.Answer, error) { return answer(q, "127.0.0.1"), nil }
			_, err := f.strat.Try(a("one.example"))
			isError(t, "Try", err, resolve.ErrFiltered)
			got, err := f.strat.Try(a("db.corp.example"))
			holds(t, "Try of an allowed name", got, err, "127.0.0.1")
		}},
		{ID: "filter/canonical", Doc: "resolve.FilterOptions", Rule: "The name of the question is compared with the allowed ones, and not the canonical name.", Needs: needs(Filter),
			Run: func(t T, p Fixture) {
				f := p.filter(t, resolve.FilterOptions{Allow: []string{"corp.example"}})
				q := a("one.example")
				ans := answer(q, "10.0.0.1")
				ans.Canonical = a("db.corp.example").Name
				f.filtered(q, ans).fails(resolve.ErrFiltered)
			}},
		{ID: "filter/hints", Doc: "resolve.Filter", Rule: "The address hints of SVCB and HTTPS records are checked. A malformed record is refused.", Source: "RFC 9460, section 7.3", Needs: needs(Filter),
			Run: func(t T, p Fixture) {
				f := p.filter(t, resolve.FilterOptions{})
				q := question("one.example", resolve.TypeHTTPS)
				const head = "\x00\x01\x03svc\x07example\x00"
				for data, passes := range map[string]bool{
					head: true,
					head + "\x00\x04\x00\x04\xc0\x00\x02\x01":                                         true,
					head + "\x00\x04\x00\x08\xc0\x00\x02\x01\x0a\x00\x00\x01":                         false,
					head + "\x00\x01\x00\x03\x02h2\x00\x06\x00\x10" + "\xfe\x80" + zeros(13) + "\x01": false,
					head + "\x00\x04\x00\x05\xc0\x00\x02\x01\x01":                                     false,
					head + "\x00\x04\x00\x08\xc0\x00":                                                 false,
					"\x00\x01\x03sv":                                                                  false,
				} {
					c := f.filtered(q, resolve.NewRecordAnswer(q, []resolve.Record{{Type: q.Type, Data: data}}))
					c.mu.Lock()
					if got := c.err == nil; got != passes {
						t.Errorf("record %q: got %v, want it to pass: %v", data, c.err, passes)
					}
					c.mu.Unlock()
				}
			}},
	}
}

func zeros(n int) string { return string(make([]byte, n)) }
