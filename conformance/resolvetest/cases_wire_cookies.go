package resolvetest

import (
	"bytes"

	"golang.org/x/net/dns/dnsmessage"
)

// The lengths of the halves of a cookie (RFC 7873, section 4).
const clientCookieBytes, serverCookieBytes = 8, 16

// baked returns the reply to q with its client cookie and one of the server.
func baked(q *arrival, fill byte) edit {
	c := q.cookie()
	return withCookie(append(append([]byte(nil), c[:min(len(c), clientCookieBytes)]...), bytes.Repeat([]byte{fill}, serverCookieBytes)...))
}

func withCookie(cookie []byte) edit {
	return withOPT(dnsmessage.Option{Code: optionCookie, Data: cookie})
}

func cookieCases() []Case {
	return []Case{
		{ID: "wire/cookie", Doc: "stub.Options.NoCookies", Rule: "Queries carry a cookie, and the one of the server once it is known. It differs between servers.",
			Source: "RFC 7873, section 5", Needs: needs(Wire, Cookies), Run: func(t T, p Fixture) {
				w := p.wire(t, WireOptions{}, func(q *arrival) {
					if q.name() == "other.example." {
						q.reply(rcode(dnsmessage.RCodeServerFailure), baked(q, 1))
						return
					}
					q.reply(baked(q, 1))
				}, answers())
				w.resolves("one.example", "192.0.2.1")
				w.resolves("two.example", "192.0.2.1")
				w.resolves("other.example", "192.0.2.1")
				var own []byte
				for _, q := range w.over(0) {
					c := q.cookie()
					if len(c) < clientCookieBytes {
						t.Fatalf("got a query with the cookie % x, want 8 bytes or more", c)
					}
					own = c[:clientCookieBytes]
					if q.name() == "two.example." && !bytes.Equal(c[clientCookieBytes:], bytes.Repeat([]byte{1}, serverCookieBytes)) {
						t.Errorf("got the cookie % x after one of the server, want both", c)
					}
				}
				for _, q := range w.over(1) {
					if c := q.cookie(); bytes.HasPrefix(c, own) {
						t.Errorf("got the cookie % x at two servers", c)
					}
				}
			}},
		{ID: "wire/bad-cookie", Doc: "stub", Rule: "BADCOOKIE makes the resolver ask again with the new cookie, and at the third time over a stream.", Source: "c-ares", Needs: needs(Wire, Cookies),
			Run: func(t T, p Fixture) {
				w := p.wire(t, WireOptions{}, overDatagrams(func(q *arrival) {
					if c := q.cookie(); q.name() == "one.example." && len(c) > clientCookieBytes && c[clientCookieBytes] == 1 {
						q.reply(baked(q, 1))
						return
					}
					fill := byte(1)
					if q.name() == "never.example." {
						fill = byte(q.n)
					}
					q.reply(rcode(rcodeBadCookie), baked(q, fill), func(m *dnsmessage.Message) {
						opt := m.Additionals[0].Body.(*dnsmessage.OPTResource)
						m.Additionals = []dnsmessage.Resource{optRecord(rcodeBadCookie, opt.Options...)}
					})
				}))
				c := w.resolves("one.example", "192.0.2.1")
				if c.answer.Origin != "udp" {
					t.Logf("the answer came from %v: the machine was slow", c.answer.Origin)
				}
				w.resolves("never.example", "192.0.2.1")
			}},
		{ID: "wire/cookie-missing", Doc: "stub", Rule: "A reply without a cookie from a server that has sent one changes nothing.", Source: "c-ares DNSCookieMissingAfterGood",
			Needs: needs(Wire, Cookies), Run: func(t T, p Fixture) {
				w := p.wire(t, WireOptions{}, overDatagrams(func(q *arrival) {
					if q.name() == "two.example." {
						q.send(forging(q))
						q.send(forging(q, withoutOPT))
					}
					q.reply(baked(q, 1))
				}))
				w.resolves("one.example", "192.0.2.1")
				w.resolves("two.example", "192.0.2.1")
			}},
		{ID: "wire/cookie-other", Doc: "stub", Rule: "A reply with another client cookie changes nothing.", Source: "c-ares DNSCookieSpoof", Needs: needs(Wire, Cookies), Run: func(t T, p Fixture) {
			w := p.wire(t, WireOptions{}, overDatagrams(func(q *arrival) {
				for _, n := range []int{clientCookieBytes, clientCookieBytes + serverCookieBytes, 3} {
					q.send(forging(q, withCookie(make([]byte, n))))
				}
				q.reply(baked(q, 1))
			}))
			w.resolves("one.example", "192.0.2.1")
		}},
	}
}
