package resolvetest

import (
	"errors"
	"strings"
	"syscall"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/edgewise-go/edgewise/resolve"
)

// The response codes that package dnsmessage has no name for (RFC 2136, RFC 6891, RFC 7873).
const (
	rcodeYXDomain  dnsmessage.RCode = 6
	rcodeBadVers   dnsmessage.RCode = 16
	rcodeBadCookie dnsmessage.RCode = 23
)

func serverErrorCases() []Case {
	return []Case{
		{ID: "wire/name-error", Doc: "resolve.ErrNotFound", Rule: "NXDOMAIN ends the lookup with ErrNotFound, and no other server is asked. The recursion bit does not matter.",
			Source: "go#12778", Needs: needs(Wire), Run: func(t T, p Fixture) {
				w := p.wire(t, WireOptions{Patience: time.Hour}, func(q *arrival) {
					q.reply(rcode(dnsmessage.RCodeNameError), withSOA, func(m *dnsmessage.Message) { m.RecursionAvailable = q.n > 0 })
				}, silent)
				for _, name := range []string{"one.example", "two.example"} {
					c := w.lookup(name)
					c.fails(resolve.ErrNotFound)
					c.reports(resolve.RCodeNameError, true)
				}
				if n := len(w.over(1)); n > 0 {
					t.Errorf("the second server was asked %d times, although the first one had answered", n)
				}
			}},
		{ID: "wire/no-data", Doc: "resolve.ErrNoData", Rule: "A reply without data of the type is ErrNoData. Without a SOA record it expires at once (RFC 2308, section 5).",
			Source: "go net", Needs: needs(Wire), Run: func(t T, p Fixture) {
				w := p.wire(t, WireOptions{}, func(q *arrival) {
					edits := []edit{empty}
					if q.name() == "soa.example." {
						edits = append(edits, withSOA)
					}
					if q.name() == "opt.example." { // go#67925: a modem that leaves RA out
						edits = append(edits, withOPT(), func(m *dnsmessage.Message) { m.RecursionAvailable = false })
					}
					q.reply(edits...)
				})
				for _, name := range []string{"soa.example", "bare.example", "opt.example"} {
					c := w.lookup(name)
					c.fails(resolve.ErrNoData)
					c.reports(resolve.RCodeSuccess, name == "soa.example")
				}
			}},
		{ID: "wire/lame", Doc: "stub", Rule: "A server that neither knows the name nor asks others is passed over, and the next one is asked.", Source: "go#15434",
			Needs: needs(Wire), Run: func(t T, p Fixture) {
				w := p.wire(t, WireOptions{}, func(q *arrival) {
					q.reply(empty, func(m *dnsmessage.Message) {
						m.RecursionAvailable = false
						if q.name() == "referral.example." {
							m.Authorities = append(m.Authorities, record(dnsName("example."), &dnsmessage.NSResource{NS: dnsName("ns.example.")}))
						} else {
							m.Additionals = nil
						}
					})
				}, answers())
				w.resolves("referral.example", "192.0.2.1")
				w.resolves("nothing.example", "192.0.2.1")
			}},
		{ID: "wire/next-server", Doc: "stub", Rule: "After an error of one server the next one is asked.", Needs: needs(Wire), Run: func(t T, p Fixture) {
			w := p.wire(t, WireOptions{}, func(q *arrival) {
				q.reply(withoutOPT, rcode(map[string]dnsmessage.RCode{
					"servfail.example.": dnsmessage.RCodeServerFailure, "refused.example.": dnsmessage.RCodeRefused,
					"notimp.example.": dnsmessage.RCodeNotImplemented, "yxdomain.example.": rcodeYXDomain}[q.name()]))
			}, answers())
			for _, name := range []string{"servfail.example", "refused.example", "notimp.example", "yxdomain.example"} {
				w.resolves(name, "192.0.2.1")
			}
		}},
		{ID: "wire/all-fail", Doc: "resolve.ErrServFail", Rule: "If all servers fail, the lookup fails with ErrServFail, with the code of a server and the text of its extended error.",
			Source: "RFC 8914", Needs: needs(Wire), Run: func(t T, p Fixture) {
				const reason = "the signature is too old"
				fail := func(q *arrival) {
					code := dnsmessage.RCodeServerFailure
					if q.name() == "yxdomain.example." {
						code = rcodeYXDomain
					}
					q.reply(rcode(code), withOPT(dnsmessage.Option{Code: 15, Data: append([]byte{0, 7}, reason...)}))
				}
				w := p.wire(t, WireOptions{}, fail, fail)
				c := w.lookup("servfail.example")
				c.fails(resolve.ErrServFail)
				c.reports(resolve.RCodeServerFailure, false)
				if !strings.Contains(c.err.Error(), reason) {
					t.Errorf("got error %v, want one with the text %q", c.err, reason)
				}
				c = w.lookup("yxdomain.example")
				c.fails(resolve.ErrServFail)
				c.reports(resolve.RCode(rcodeYXDomain), false)
			}},
		{ID: "wire/without-edns", Doc: "stub", Rule: "A server that refuses queries with EDNS is asked without it, and is remembered.", Source: "c-ares#911, glibc",
			Needs: needs(Wire), Run: withoutEDNS},
		{ID: "wire/two-opts", Doc: "stub", Rule: "A reply with two OPT records is malformed: it changes nothing.", Source: "c-ares#1189", Needs: needs(Wire),
			Run: func(t T, p Fixture) {
				w := p.wire(t, WireOptions{}, overDatagrams(func(q *arrival) {
					q.send(forging(q, func(m *dnsmessage.Message) {
						m.Additionals = []dnsmessage.Resource{optRecord(0), optRecord(0)}
					}))
					q.reply()
				}))
				w.resolves("one.example", "192.0.2.1")
			}},
		{ID: "wire/opt-in-answer", Doc: "stub", Rule: "An OPT record among the answers is left out, and the reply counts.", Needs: needs(Wire), Run: func(t T, p Fixture) {
			w := p.wire(t, WireOptions{}, overDatagrams(func(q *arrival) {
				q.reply(holding("192.0.2.9"), withoutOPT, func(m *dnsmessage.Message) { m.Answers = append([]dnsmessage.Resource{optRecord(0)}, m.Answers...) })
			}))
			w.resolves("one.example", "192.0.2.9")
		}},
		{ID: "wire/timeout", Doc: "resolve.ErrTimeout", Rule: "A lookup that no server answers fails with ErrTimeout. Later lookups are answered, and a late reply changes none.",
			Needs: needs(Wire), Run: func(t T, p Fixture) {
				w := p.wire(t, WireOptions{Timeout: soon}, func(q *arrival) {
					if q.name() == "one.example." {
						q.reply()
					}
				})
				// The machine may be slower than the timeout: then a lookup ends before its query
				// is sent.
				var late []*arrival
				for len(late) == 0 {
					w.lookup("late.example").fails(resolve.ErrTimeout)
					late = w.servers[0].all()
				}
				for {
					late[0].send(forging(late[0]))
					c := w.lookup("one.example")
					if !errors.Is(c.err, resolve.ErrTimeout) {
						c.holds("192.0.2.1")
						return
					}
				}
			}},
		{ID: "wire/unreachable", Doc: "stub.Core.Refused", Rule: "If the kernel reports that a server cannot be reached, the next one is asked at once. If none is left, the lookup fails with that error.",
			Source: "c-ares BadLoopbackServerNoTimeouts", Needs: needs(Wire), Run: unreachable},
		{ID: "wire/refused-is-a-hint", Doc: "stub.Core.Refused", Rule: "A report that a port is closed does not void a reply that comes from it later.", Source: "smartdns#1829, TuDoor",
			Needs: needs(Wire), Run: refusedIsAHint},
		{ID: "wire/send-fails", Doc: "stub.Core.Refused", Rule: "A query that the kernel refuses to send is sent again.", Needs: needs(Wire), Run: func(t T, p Fixture) {
			refused := false
			w := p.wire(t, WireOptions{Dial: dialing(func(c *wireConn) {
				c.write = func(b []byte) ([]byte, error) {
					if !refused {
						refused = true
						return nil, syscall.ENOBUFS
					}
					return b, nil
				}
			})}, answers())
			w.resolves("one.example", "192.0.2.1")
		}},
	}
}

// reports fails the case unless the error has this response code, and expires later than now or
// not.
func (c *call) reports(code resolve.RCode, later bool) {
	c.o.t.Helper()
	var e *resolve.Error
	if !errors.As(c.err, &e) || e.RCode != code || e.Expires.After(time.Now()) != later {
		c.o.t.Errorf("%v: got %#v, want code %v, and that it expires later: %v", c.Question, c.err, code, later)
	}
}

func withoutEDNS(t T, p Fixture) {
	for what, refusal := range map[string][]edit{
		"with the question":     {rcode(dnsmessage.RCodeFormatError), withoutOPT},
		"with the OPT record":   {rcode(dnsmessage.RCodeFormatError)},
		"not implemented":       {rcode(dnsmessage.RCodeNotImplemented), withoutOPT},
		"BADVERS":               {rcode(rcodeBadVers)},
		"header without a body": {rcode(dnsmessage.RCodeFormatError), withoutOPT, func(m *dnsmessage.Message) { m.Questions = nil }},
	} {
		w := p.wire(t, WireOptions{}, func(q *arrival) {
			if q.opt() != nil {
				q.reply(refusal...)
				return
			}
			q.reply()
		})
		w.resolves("one.example", "192.0.2.1")
		if what == "header without a body" {
			continue // it may be forged, so it is not remembered
		}
		w.resolves("two.example", "192.0.2.1")
		for _, q := range w.over(0) {
			if q.name() == "two.example." && q.opt() != nil {
				t.Errorf("%s: got another query with EDNS after one was refused", what)
			}
		}
	}
}

func unreachable(t T, p Fixture) {
	for what, o := range map[string]WireOptions{
		"no route for a query":  {Dial: dialing(func(c *wireConn) { c.write = func([]byte) ([]byte, error) { return nil, syscall.ENETUNREACH } })},
		"no route for a socket": {Dial: refusing("udp", syscall.ENETUNREACH)},
	} {
		w := p.wire(t, o, silent)
		w.servers[0].refuseStreams()
		c := w.lookup("one.example")
		c.fails(resolve.ErrServFail)
		if errors.Is(c.err, resolve.ErrTimeout) {
			t.Errorf("%s: got %v, want an error at once", what, c.err)
		}
	}
	w := p.wire(t, WireOptions{}, silent, answers())
	w.servers[0].closeDatagrams()
	w.resolves("one.example", "192.0.2.1")
	w.servers[1].closeDatagrams()
	w.servers[0].refuseStreams()
	w.servers[1].refuseStreams()
	c := w.lookup("two.example")
	c.fails(resolve.ErrServFail)
	if errors.Is(c.err, resolve.ErrTimeout) {
		t.Errorf("no server listens: got %v, want an error at once", c.err)
	}
}

func refusedIsAHint(t T, p Fixture) {
	w := p.wire(t, WireOptions{Sockets: 1}, nil, nil)
	first, second := w.servers[0], w.servers[1]
	c := w.ask("one.example")
	q := first.next()
	first.closeDatagrams()
	w.ask("two.example") // from the same socket, and refused, so that one is asked elsewhere
	second.nextOf(func(q *arrival) bool { return q.name() == "one.example." })
	if err := first.openDatagrams(); err != nil {
		t.Logf("another process took the port: %v", err)
		return
	}
	q.reply(holding("192.0.2.9"))
	w.await(c)
	c.holds("192.0.2.9")
}
