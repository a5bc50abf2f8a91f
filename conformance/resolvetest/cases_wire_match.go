package resolvetest

import (
	"encoding/binary"
	"math/rand/v2"
	"strings"

	"golang.org/x/net/dns/dnsmessage"
)

// ignored returns a case in which datagrams reach the resolver before each reply. None of them may
// change the result, and the lookup may not end before the reply.
func ignored(id, rule, source string, before func(q *arrival), features ...Feature) Case {
	return Case{ID: id, Doc: "stub", Rule: rule, Source: source, Needs: append(needs(Wire), features...), Run: func(t T, p Fixture) {
		w := p.wire(t, WireOptions{}, overDatagrams(func(q *arrival) {
			before(q)
			q.reply()
		}))
		w.resolves("one.example", "192.0.2.1")
		w.resolves("two.example", "192.0.2.1") // the resolver is still in order
	}}
}

// forging returns the reply to q with the forged address, changed by the edits.
func forging(q *arrival, edits ...edit) []byte {
	return q.packed(append([]edit{holding(forged)}, edits...)...)
}

// forgeries is the number of datagrams that a forger gets in before the server.
const forgeries = 100

func matchCases() []Case {
	return []Case{
		ignored("wire/other-id", "A datagram with another ID than that of the query changes nothing.", "go#13281, TuDoor", func(q *arrival) {
			for i := range forgeries {
				q.send(otherID(forging(q), uint16(1+i)))
			}
		}),
		{ID: "wire/other-id-only", Doc: "stub", Rule: "Datagrams with the question of a query and another ID make the resolver ask over a stream too. They never end the lookup.",
			Source: "BIND GL#5449, hickory", Needs: needs(Wire, Suspicion), Run: func(t T, p Fixture) {
				w := p.wire(t, WireOptions{}, overDatagrams(func(q *arrival) {
					for i := range forgeries {
						q.send(otherID(forging(q), uint16(1+i)))
					}
				}))
				w.resolves("one.example", "192.0.2.1")
			}},
		ignored("wire/other-name", "A datagram with the question of another name changes nothing.", "miekg/dns v1", func(q *arrival) {
			q.send(forging(q, func(m *dnsmessage.Message) {
				m.Questions[0].Name = dnsName("other.example.")
				holding(forged)(m)
			}))
		}),
		ignored("wire/other-type", "A datagram with the question of another type or class changes nothing.", "", func(q *arrival) {
			q.send(forging(q, func(m *dnsmessage.Message) { m.Questions[0].Type = dnsmessage.TypeAAAA }))
			q.send(forging(q, func(m *dnsmessage.Message) { m.Questions[0].Class = dnsmessage.ClassCHAOS }))
		}),
		ignored("wire/no-question", "A reply without a question changes nothing, even if it holds an answer.", "hickory", func(q *arrival) {
			q.send(forging(q, func(m *dnsmessage.Message) { m.Questions = nil }))
			q.send(forging(q, rcode(dnsmessage.RCodeNameError), func(m *dnsmessage.Message) { m.Questions = nil }))
		}),
		ignored("wire/two-questions", "A reply with two questions changes nothing.", "", func(q *arrival) {
			q.send(forging(q, func(m *dnsmessage.Message) { m.Questions = append(m.Questions, m.Questions[0]) }))
		}),
		ignored("wire/reflected", "A query that is sent back is no reply: it changes nothing.", "glibc, c-ares", func(q *arrival) {
			q.send(q.raw)
			q.send(forging(q, func(m *dnsmessage.Message) { m.Response = false }))
		}),
		ignored("wire/opcode", "A reply to another operation than a query changes nothing.", "", func(q *arrival) {
			for _, opcode := range []dnsmessage.OpCode{4, 5} { // NOTIFY (RFC 1996), UPDATE (RFC 2136)
				q.send(forging(q, func(m *dnsmessage.Message) { m.OpCode = opcode }))
			}
		}),
		ignored("wire/other-source", "A datagram from another port than that of the server changes nothing.", "", func(q *arrival) {
			q.spoof(forging(q))
		}),
		ignored("wire/short", "A datagram that is shorter than a header changes nothing, even an empty one.", "c-ares CVE-2023-32067, glibc", func(q *arrival) {
			for n := range 12 {
				q.send(q.packed()[:n])
			}
		}),
		{ID: "wire/garbage", Doc: "stub", Rule: "A datagram that is no DNS message changes nothing, not even for other lookups on the same socket.",
			Source: "c-ares", Needs: needs(Wire), Run: garbage},
		ignored("wire/cut", "A reply that ends within its answer changes nothing.", "go net", func(q *arrival) {
			b := forging(q, withoutOPT)
			q.send(b[:len(b)-3])
		}),
		{ID: "wire/trailing", Doc: "stub", Rule: "Bytes after the message are left out, and the reply counts.", Needs: needs(Wire), Run: func(t T, p Fixture) {
			w := p.wire(t, WireOptions{}, overDatagrams(func(q *arrival) { q.send(append(q.packed(), make([]byte, 100)...)) }))
			w.resolves("one.example", "192.0.2.1")
		}},
		{ID: "wire/other-socket", Doc: "stub", Rule: "A reply counts only on the socket that the query left from.", Source: "DNSpooq CVE-2020-25684",
			Needs: needs(Wire), Run: otherSocket},
		{ID: "wire/other-server", Doc: "stub", Rule: "A reply counts only from the server that was asked.", Source: "DNSpooq CVE-2020-25684",
			Needs: needs(Wire), Run: otherServer},
		{ID: "wire/case", Doc: "stub", Rule: "A reply that spells the name in another case counts.", Source: "c-ares NoDNS0x20 Basic", Needs: needs(Wire),
			Run: func(t T, p Fixture) {
				w := p.wire(t, WireOptions{}, overDatagrams(func(q *arrival) {
					q.reply(func(m *dnsmessage.Message) {
						m.Questions[0].Name = dnsName(strings.ToUpper(q.name()))
						holding("192.0.2.9")(m)
					})
				}))
				w.resolves("one.example", "192.0.2.9")
			}},
		{ID: "wire/mixed-case", Doc: "stub.Options.MixCase", Rule: "With mixed case, names are asked for in changing case, and a datagram in another case changes nothing.",
			Source: "draft-vixie-dnsext-dns0x20-00", Needs: needs(Wire, MixedCase, Suspicion), Run: mixedCase},
		{ID: "wire/late", Doc: "stub", Rule: "A reply to an earlier transmission counts as long as its socket is open.", Needs: needs(Wire), Run: func(t T, p Fixture) {
			w := p.wire(t, WireOptions{}, nil)
			w.warm()
			c := w.ask("one.example")
			first, _ := twice(w.servers[0], "one.example.")
			first.reply()
			w.await(c)
			c.holds("192.0.2.1")
		}},
		{ID: "wire/duplicate", Doc: "resolve.Strategy.Start", Rule: "A reply that arrives several times completes the query once.", Needs: needs(Wire), Run: func(t T, p Fixture) {
			w := p.wire(t, WireOptions{}, overDatagrams(func(q *arrival) {
				for range 3 {
					q.reply()
				}
			}))
			one, two := w.lookup("one.example"), w.lookup("two.example")
			w.end()
			w.once(one, two)
			one.holds("192.0.2.1")
			two.holds("192.0.2.1")
		}},
		{ID: "wire/retransmission", Doc: "stub", Rule: "A retransmission leaves from another socket, with another ID.", Source: "dnscrypt-proxy#2977", Needs: needs(Wire),
			Run: func(t T, p Fixture) {
				w := p.wire(t, WireOptions{}, nil)
				w.warm()
				c := w.ask("one.example")
				first, second := twice(w.servers[0], "one.example.")
				second.reply()
				w.await(c)
				c.holds("192.0.2.1")
				if first.from == second.from || first.ID == second.ID {
					t.Errorf("got a query from %v with ID %d, and again from %v with ID %d, want another port and ID", first.from, first.ID, second.from, second.ID)
				}
			}},
	}
}

// twice returns the first two queries for a name, which must come by datagrams.
func twice(s *server, name string) (first, second *arrival) {
	s.t.Helper()
	named := func(q *arrival) bool { return q.name() == name }
	first, second = s.nextOf(named), s.nextOf(named)
	if first.stream() || second.stream() {
		s.t.Fatalf("a query came over a stream, want datagrams")
	}
	return first, second
}

func garbage(t T, p Fixture) {
	w := p.wire(t, WireOptions{Sockets: 1}, nil)
	first, second := w.ask("one.example"), w.ask("two.example")
	s := w.servers[0]
	one := s.nextOf(func(q *arrival) bool { return q.name() == "one.example." })
	two := s.nextOf(func(q *arrival) bool { return q.name() == "two.example." })
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range 20 { // fits the smallest receive buffers
		junk := make([]byte, 512)
		for j := range junk {
			junk[j] = byte(rng.Uint32())
		}
		if i%2 == 0 { // as if it were the reply
			binary.BigEndian.PutUint16(junk, one.ID)
		}
		one.send(junk)
		two.send(junk)
	}
	one.reply()
	two.reply(holding("192.0.2.2"))
	w.await(first, second)
	first.holds("192.0.2.1")
	second.holds("192.0.2.2")
}

// socketsMax bounds the lookups until the resolver uses a second socket.
const socketsMax = 1000

func otherSocket(t T, p Fixture) {
	w := p.wire(t, WireOptions{}, nil)
	s := w.servers[0]
	target := w.ask("one.example")
	one := s.next()
	for range socketsMax {
		other := w.ask("two.example")
		two := s.nextOf(func(q *arrival) bool { return q.name() == "two.example." })
		if two.stream() {
			t.Fatalf("a query came over a stream, want a datagram")
		}
		if two.from != one.from {
			one.sendTo(forging(one), two.from)
			two.reply() // after the forged one, so the resolver has seen that
			w.await(other)
			one.reply()
			w.await(target)
			target.holds("192.0.2.1")
			return
		}
		two.reply()
		w.await(other)
	}
	t.Logf("every query left from the same socket")
}

func otherServer(t T, p Fixture) {
	w := p.wire(t, WireOptions{}, func(q *arrival) {
		if q.name() == "other.example." {
			q.reply(rcode(dnsmessage.RCodeServerFailure))
		}
	}, nil)
	second := w.ask("other.example") // the first server does not know, so the second one is asked
	atSecond := w.servers[1].next()
	first := w.ask("one.example")
	atFirst := w.servers[0].nextOf(func(q *arrival) bool { return q.name() == "one.example." })
	atSecond.send(forging(atFirst))
	atSecond.reply()
	w.await(second)
	atFirst.reply()
	w.await(first)
	first.holds("192.0.2.1")
}

func mixedCase(t T, p Fixture) {
	w := p.wire(t, WireOptions{MixCase: true}, overDatagrams(func(q *arrival) {
		if strings.EqualFold(q.name(), "honest.example.") {
			q.reply()
			return
		}
		q.reply(func(m *dnsmessage.Message) {
			m.Questions[0].Name = dnsName(strings.ToLower(q.name()))
			holding(forged)(m)
		})
	}))
	w.resolves("honest.example", "192.0.2.1")
	w.resolves("the-more-letters-the-less-probable-is-it-that-all-are-small.example", "192.0.2.1")
	mixed := false
	for _, q := range w.over(0) {
		mixed = mixed || strings.ToLower(q.name()) != q.name()
	}
	if !mixed {
		t.Errorf("every name was asked for in lower case")
	}
}
