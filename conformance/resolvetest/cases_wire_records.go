package resolvetest

import (
	"fmt"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/edgewise-go/edgewise/resolve"
)

// cname returns a CNAME record.
func cname(owner, target string) dnsmessage.Resource {
	return record(dnsName(owner), &dnsmessage.CNAMEResource{CNAME: dnsName(target)})
}

// a4 returns an A record.
func a4(owner, addr string) dnsmessage.Resource {
	return record(dnsName(owner), address(addrs(addr)[0]))
}

// answering makes the reply hold these records.
func answering(records ...dnsmessage.Resource) edit {
	return func(m *dnsmessage.Message) { m.Answers = records }
}

// reads returns a case with one lookup of the name one.example, whose replies the edits make.
func reads(id, rule, source string, check func(c *call), edits ...edit) Case {
	return Case{ID: id, Doc: "stub", Rule: rule, Source: source, Needs: needs(Wire), Run: func(t T, p Fixture) {
		w := p.wire(t, WireOptions{}, answers(edits...))
		check(w.lookup("one.example"))
	}}
}

func recordCases() []Case {
	const name = "one.example."
	return []Case{
		reads("wire/unrelated-owner", "A record counts only if its owner is the name or the end of its chain of aliases.", "go net, c-ares",
			func(c *call) { c.holds("192.0.2.1") }, func(m *dnsmessage.Message) {
				m.Answers = append([]dnsmessage.Resource{a4("unrelated.example.", forged)}, m.Answers...)
			}),
		reads("wire/only-unrelated", "A reply with records of other names only has no data.", "go net, c-ares", func(c *call) { c.fails(resolve.ErrNoData) },
			answering(a4("unrelated.example.", forged))),
		reads("wire/other-sections", "A record outside of the answer section does not count.", "glibc CVE-2026-4437", func(c *call) { c.fails(resolve.ErrNoData) },
			empty, withoutOPT, func(m *dnsmessage.Message) {
				m.Authorities = []dnsmessage.Resource{a4(name, forged)}
				m.Additionals = []dnsmessage.Resource{a4(name, forged)}
			}),
		reads("wire/alias-order", "A chain of aliases is followed in any order of its records. The answer names its end.", "", func(c *call) {
			c.holds("192.0.2.9")
			if got := c.answer.Canonical.String(); got != "four.example" {
				c.o.t.Errorf("got the canonical name %q, want four.example", got)
			}
		}, answering(a4("four.example.", "192.0.2.9"), cname("three.example.", "four.example."), cname(name, "two.example."), cname("two.example.", "three.example."))),
		reads("wire/alias-loop", "A loop of aliases is malformed: the lookup ends.", "netty#4771", func(c *call) { c.fails(resolve.ErrMalformed) }, answering(cname(name, "two.example."), cname("two.example.", name), a4("unrelated.example.", forged))),
		{ID: "wire/alias-followed", Doc: "stub.MaxFollowed", Rule: "The target of an alias that the reply leaves out is asked for.", Needs: needs(Wire, Follow), Run: func(t T, p Fixture) {
			w := p.wire(t, WireOptions{}, func(q *arrival) {
				if q.name() == name {
					q.reply(answering(cname(name, "target.example.")))
					return
				}
				q.reply()
			})
			c := w.resolves("one.example", "192.0.2.1")
			if c.answer.Question != c.Question || c.answer.Canonical.String() != "target.example" {
				t.Errorf("got an answer to %v with the canonical name %v, want %v and target.example", c.answer.Question, c.answer.Canonical, c.Question)
			}
		}},
		{ID: "wire/alias-no-data", Doc: "resolve.ErrNoData", Rule: "An alias whose target has no address of the family is ErrNoData.", Source: "c-ares UnspecifiedFamilyCname6A4", Needs: needs(Wire),
			Run: func(t T, p Fixture) {
				w := p.wire(t, WireOptions{}, func(q *arrival) {
					q.reply(answering(cname(name, "target.example.")), func(m *dnsmessage.Message) {
						if q.question().Type == dnsmessage.TypeA {
							m.Answers = append(m.Answers, a4("target.example.", "192.0.2.9"))
						} else {
							withSOA(m)
						}
					})
				})
				c4, c6 := w.ask("one.example"), w.start(w.resolver, aaaa("one.example"))
				w.await(c4, c6)
				c4.holds("192.0.2.9")
				c6.fails(resolve.ErrNoData)
			}},
		reads("wire/dname", "A DNAME record counts by the alias that the server makes from it.", "RFC 6672, section 3.1", func(c *call) { c.holds("192.0.2.9") },
			answering(dname("example.", "elsewhere.example."), cname(name, "one.elsewhere.example."), a4("one.elsewhere.example.", "192.0.2.9"))),
		reads("wire/unknown-records", "Records of other types and classes are left out.", "", func(c *call) { c.holds("192.0.2.1") }, func(m *dnsmessage.Message) {
			other := a4(name, forged)
			other.Header.Class = dnsmessage.ClassCHAOS
			m.Answers = append([]dnsmessage.Resource{other, record(dnsName(name), &dnsmessage.UnknownResource{Type: 65280, Data: []byte{1, 2, 3}})}, m.Answers...)
		}),
		{ID: "wire/bad-names", Doc: "resolve.Answer.Filtered", Rule: "A record with a name that is no host name is left out, and counted.", Source: "CVE-2021-33195, CVE-2021-3672",
			Needs: needs(Wire), Run: func(t T, p Fixture) {
				w := p.wire(t, WireOptions{}, func(q *arrival) {
					q.reply(answering(
						record(q.question().Name, &dnsmessage.PTRResource{PTR: dnsName("<script>.example.")}),
						record(q.question().Name, &dnsmessage.PTRResource{PTR: dnsName("good.example.")})))
				})
				c := w.start(w.resolver, question("1.2.0.192.in-addr.arpa", resolve.TypePTR))
				w.await(c)
				n := 0
				for range c.answer.Records() {
					n++
				}
				if c.err != nil || n != 1 || c.answer.Filtered != 1 {
					t.Errorf("got %d records, %d left out, %v, want one and one", n, c.answer.Filtered, c.err)
				}
			}},
		{ID: "wire/counts-lie", Doc: "stub", Rule: "A reply with fewer records than it announces is malformed: it changes nothing.", Source: "c-ares#1134", Needs: needs(Wire), Run: func(t T, p Fixture) {
			w := p.wire(t, WireOptions{}, overDatagrams(func(q *arrival) {
				b := forging(q, withoutOPT)
				b[6], b[7] = 0xff, 0xff // ANCOUNT
				q.send(b)
				q.reply()
			}))
			w.resolves("one.example", "192.0.2.1")
		}},
		{ID: "wire/bad-lengths", Doc: "stub", Rule: "An address of the wrong length makes the reply malformed: it changes nothing.", Needs: needs(Wire), Run: func(t T, p Fixture) {
			w := p.wire(t, WireOptions{}, overDatagrams(func(q *arrival) {
				for n := range 6 {
					if n != 4 {
						q.reply(answering(record(q.question().Name, &dnsmessage.UnknownResource{Type: dnsmessage.TypeA, Data: make([]byte, n)})))
					}
				}
				q.reply()
			}))
			w.resolves("one.example", "192.0.2.1")
		}},
		{ID: "wire/mapped", Doc: "resolve.NewAnswer", Rule: "An AAAA record with an IPv4-mapped address remains an IPv6 address.", Needs: needs(Wire), Run: func(t T, p Fixture) {
			w := p.wire(t, WireOptions{}, answers(func(m *dnsmessage.Message) {
				m.Answers = []dnsmessage.Resource{record(m.Questions[0].Name, address(addrs("::ffff:192.0.2.1")[0]))}
			}))
			c := w.start(w.resolver, aaaa("one.example"))
			w.await(c)
			c.holds("::ffff:192.0.2.1")
		}},
	}
}

// dname returns a DNAME record, which package dnsmessage does not know.
func dname(owner, target string) dnsmessage.Resource {
	m := dnsmessage.Message{Questions: []dnsmessage.Question{{Name: dnsName(target)}}}
	b, err := m.Pack()
	if err != nil {
		panic(fmt.Sprintf("name %q: %v", target, err))
	}
	const header, typeAndClass = 12, 4
	return record(dnsName(owner), &dnsmessage.UnknownResource{Type: 39, Data: b[header : len(b)-typeAndClass]})
}
