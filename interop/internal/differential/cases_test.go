package differential

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net"
	"strings"

	"github.com/miekg/dns"
)

// Case is one behaviour of a server.
type Case struct {
	Name string
	// Addrs are the addresses that a resolver must get. If there are none, Want holds the results
	// that are right, of which the first is that of this project.
	Addrs []string
	Want  []string
	// Swift means that the answer must come before a fixed timeout of seconds.
	Swift  bool
	script script
}

// label is the first label of the names that the case answers.
func (c Case) label() string {
	return strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(c.Name)), "-")
}

// wanted describes the right result.
func (c Case) wanted() string {
	switch {
	case len(c.Addrs) == 0:
		return strings.Join(c.Want, " or ")
	case c.Swift:
		return "the address, before a timeout of seconds"
	case len(c.Addrs) > 1:
		return fmt.Sprintf("%d addresses", len(c.Addrs))
	}
	return "the address"
}

// The addresses of the server, and of a forger.
const goodAddr, forgedAddr = "192.0.2.1", "203.0.113.66"

// many is the number of addresses that a datagram of 3,200 bytes holds.
const many = 200

func cases() []Case {
	good := []string{goodAddr}
	address := func(name string, s script) Case { return Case{Name: name, Addrs: good, script: s} }
	result := func(name string, s script, want ...string) Case { return Case{Name: name, Want: want, script: s} }
	return []Case{
		address("plain answer", first()),
		address("reply from another port, then good", first(func(a asked) sent { return sent{data: a.forged().data, elsewhere: true} })),
		address("reply to another name, then good", first(edited(func(m *dns.Msg) { m.Question[0].Name = "x." + m.Question[0].Name }))),
		address("reply to another type, then good", first(edited(func(m *dns.Msg) { m.Question[0].Qtype = dns.TypeAAAA }))),
		address("reply with another opcode, then good", first(edited(func(m *dns.Msg) { m.Opcode = dns.OpcodeNotify }))),
		address("two questions, then good", first(edited(func(m *dns.Msg) { m.Question = append(m.Question, m.Question[0]) }))),
		address("good reply twice", first(func(a asked) sent { return a.good() })),
		address("question in upper case", func(a asked) []sent {
			return []sent{a.reply(func(m *dns.Msg) { m.Question[0].Name = strings.ToUpper(m.Question[0].Name) })}
		}),
		address("5 wrong IDs, then good", first(wrongIDs(5)...)),
		address("100 wrong IDs, then good", first(wrongIDs(100)...)),
		address("40 bytes of garbage, then good", first(bytesOnly(bytes.Repeat([]byte{0xa5}, 40)))),
		address("datagram of 5 bytes, then good", first(bytesOnly([]byte("short")))),
		address("empty datagram, then good", first(bytesOnly(nil))),
		address("cut off in a record, then good", first(func(a asked) sent { d := a.forged().data; return sent{data: d[:len(d)-6]} })),
		address("loop of compression pointers, then good", first(func(a asked) sent { return a.loopedName() })),
		address("address of 5 bytes, then good", first(func(a asked) sent { return a.longAddress() })),
		address("no question, with an answer, then good", first(edited(func(m *dns.Msg) { m.Question = nil }))),
		address("no question over UDP, good over TCP", datagrams(edited(func(m *dns.Msg) { m.Question = nil }))),
		address("own query reflected, then good", first(func(a asked) sent { return sent{data: a.raw} })),
		address("FORMERR to EDNS", withoutEDNS(func(a asked) []sent { return []sent{a.code(dns.RcodeFormatError)} })),
		address("FORMERR to EDNS, header only", withoutEDNS(func(a asked) []sent { return []sent{{data: a.code(dns.RcodeFormatError).data[:12]}} })),
		address("NOTIMP to EDNS", withoutEDNS(func(a asked) []sent { return []sent{a.code(dns.RcodeNotImplemented)} })),
		address("silence to EDNS", withoutEDNS(func(asked) []sent { return nil })),
		address("server wants its cookie", wantsCookie),
		address("two OPT records, then good", first(edited(func(m *dns.Msg) { m.SetEdns0(1232, false); m.SetEdns0(1232, false) }))),
		result("only an address of another name", always(edited(otherOwner)), "no data", "malformed"),
		address("addresses of another name and of this", always(func(a asked) sent {
			return a.reply(func(m *dns.Msg) { m.Answer = append([]dns.RR{address4("elsewhere.example.", forgedAddr)}, m.Answer...) })
		})),
		result("address in the authority section", always(func(a asked) sent { return a.reply(func(m *dns.Msg) { m.Ns, m.Answer = m.Answer, nil }) }), "no data"),
		address("truncated, then TCP", datagrams(func(a asked) sent { return a.truncated() })),
		address("truncated, TCP closed at first", func(a asked) []sent {
			switch {
			case !a.stream:
				return []sent{a.truncated()}
			case a.nth == 1:
				return nil
			}
			return []sent{a.good()}
		}),
		address("truncated, TCP closed after the reply", func(a asked) []sent {
			if !a.stream {
				return []sent{a.truncated()}
			}
			return []sent{{data: a.good().data, end: true}}
		}),
		result("truncated over TCP too", always(func(a asked) sent { return a.truncated() }), "failure"),
		{Name: "200 addresses in a datagram, not truncated", Addrs: manyAddrs(), script: always(func(a asked) sent {
			return a.reply(func(m *dns.Msg) {
				m.Answer = nil
				for _, addr := range manyAddrs() {
					m.Answer = append(m.Answer, address4(m.Question[0].Name, addr))
				}
			})
		})},
		result("lame: no recursion, no answer", always(func(a asked) sent {
			return a.reply(func(m *dns.Msg) { m.RecursionAvailable, m.Answer, m.Extra = false, nil, nil })
		}), "failure"),
		result("SERVFAIL", always(func(a asked) sent { return a.code(dns.RcodeServerFailure) }), "failure"),
		result("REFUSED", always(func(a asked) sent { return a.code(dns.RcodeRefused) }), "failure"),
		result("NXDOMAIN", always(func(a asked) sent { return a.negative(dns.RcodeNameError) }), "no such name"),
		result("NODATA", always(func(a asked) sent { return a.negative(dns.RcodeSuccess) }), "no data"),
		address("alias before its target", always(func(a asked) sent { return a.chain(false) })),
		address("alias after its target", always(func(a asked) sent { return a.chain(true) })),
		address("alias without its target", func(a asked) []sent {
			if strings.Contains(a.msg.Question[0].Name, ".target.") {
				return []sent{a.good()}
			}
			return []sent{a.reply(func(m *dns.Msg) { m.Answer = []dns.RR{cname(m.Question[0].Name, target(m.Question[0].Name))} })}
		}),
		result("alias to itself", always(func(a asked) sent {
			return a.reply(func(m *dns.Msg) { m.Answer = []dns.RR{cname(m.Question[0].Name, m.Question[0].Name)} })
		}), "malformed"),
		{Name: "first datagram lost", Addrs: good, Swift: true, script: func(a asked) []sent {
			if a.nth == 1 && !a.stream {
				return nil
			}
			return []sent{a.good()}
		}},
	}
}

// first sends what the functions return and then the good reply. Streams get only that.
func first(bad ...func(asked) sent) script {
	return func(a asked) []sent {
		var all []sent
		for _, b := range bad {
			if !a.stream {
				all = append(all, b(a))
			}
		}
		return append(all, a.good())
	}
}

func always(f func(asked) sent) script { return func(a asked) []sent { return []sent{f(a)} } }

// datagrams sends only what f returns over UDP. Streams get the good reply.
func datagrams(f func(asked) sent) script {
	return func(a asked) []sent {
		if a.stream {
			return []sent{a.good()}
		}
		return []sent{f(a)}
	}
}

// withoutEDNS is a server that knows no EDNS.
func withoutEDNS(f script) script {
	return func(a asked) []sent {
		if a.edns() {
			return f(a)
		}
		return []sent{a.good()}
	}
}

func wrongIDs(n int) []func(asked) sent {
	all := make([]func(asked) sent, n)
	for i := range all {
		all[i] = edited(func(m *dns.Msg) { m.Id += uint16(1 + i) })
	}
	return all
}

func bytesOnly(data []byte) func(asked) sent { return func(asked) sent { return sent{data: data} } }

// edited returns a forged reply with that change.
func edited(edit func(*dns.Msg)) func(asked) sent {
	return func(a asked) sent {
		return a.reply(func(m *dns.Msg) {
			m.Answer = []dns.RR{address4(m.Question[0].Name, forgedAddr)}
			edit(m)
		})
	}
}

// reply returns the good reply, changed by edit.
func (a asked) reply(edit func(*dns.Msg)) sent {
	m := new(dns.Msg).SetReply(a.msg)
	m.RecursionAvailable, m.Compress = true, true
	m.Answer = []dns.RR{address4(m.Question[0].Name, goodAddr)}
	if a.edns() {
		m.SetEdns0(1232, false)
	}
	if edit != nil {
		edit(m)
	}
	data, err := m.Pack()
	if err != nil {
		panic(err)
	}
	return sent{data: data}
}

func (a asked) good() sent   { return a.reply(nil) }
func (a asked) forged() sent { return edited(func(m *dns.Msg) { m.Extra = nil })(a) }
func (a asked) truncated() sent {
	return a.reply(func(m *dns.Msg) { m.Truncated, m.Answer = true, nil })
}

// code returns an error. A server that does not know EDNS has no OPT record in it.
func (a asked) code(code int) sent {
	return a.reply(func(m *dns.Msg) { m.Rcode, m.Answer, m.Extra = code, nil, nil })
}

func (a asked) negative(code int) sent {
	return a.reply(func(m *dns.Msg) {
		m.Rcode, m.Answer = code, nil
		m.Ns = []dns.RR{&dns.SOA{Hdr: header("example.", dns.TypeSOA), Ns: "ns.example.", Mbox: "mail.example.", Serial: 1, Minttl: 60}}
	})
}

func (a asked) chain(reversed bool) sent {
	return a.reply(func(m *dns.Msg) {
		name := m.Question[0].Name
		m.Answer = []dns.RR{cname(name, target(name)), address4(target(name), goodAddr)}
		if reversed {
			m.Answer[0], m.Answer[1] = m.Answer[1], m.Answer[0]
		}
	})
}

// loopedName returns a reply whose owner is a compression pointer to itself.
func (a asked) loopedName() sent {
	m := new(dns.Msg).SetReply(a.msg)
	data, err := m.Pack()
	if err != nil {
		panic(err)
	}
	at := uint16(len(data))
	data[7] = 1 // one answer
	data = binary.BigEndian.AppendUint16(data, 0xc000|at)
	return sent{data: append(data, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 203, 0, 113, 66)}
}

// longAddress returns a reply whose A record has a byte too many.
func (a asked) longAddress() sent {
	data := a.forged().data
	data[len(data)-5]++ // the length before the address
	return sent{data: append(data, 0)}
}

func otherOwner(m *dns.Msg) { m.Answer = []dns.RR{address4("elsewhere.example.", forgedAddr)} }

// target is the end of the alias of a name.
func target(name string) string { return strings.Replace(name, ".", ".target.", 1) }

func header(name string, kind uint16) dns.RR_Header {
	return dns.RR_Header{Name: name, Rrtype: kind, Class: dns.ClassINET, Ttl: 60}
}

func address4(name, addr string) dns.RR {
	return &dns.A{Hdr: header(name, dns.TypeA), A: net.ParseIP(addr)}
}

func cname(name, to string) dns.RR {
	return &dns.CNAME{Hdr: header(name, dns.TypeCNAME), Target: to}
}

func manyAddrs() []string {
	all := make([]string, many)
	for i := range all {
		all[i] = fmt.Sprintf("10.0.0.%d", i)
	}
	return all
}

// wantsCookie answers clients that know cookies only if they have sent the one of the server (RFC
// 7873, section 5.2.3).
func wantsCookie(a asked) []sent {
	opt := a.msg.IsEdns0()
	if opt == nil || a.stream {
		return []sent{a.good()}
	}
	for _, o := range opt.Option {
		c, ok := o.(*dns.EDNS0_COOKIE)
		if !ok {
			continue
		}
		const client = 16 // digits
		own := hex.EncodeToString([]byte("COOKIE01"))
		return []sent{a.reply(func(m *dns.Msg) {
			m.IsEdns0().Option = []dns.EDNS0{&dns.EDNS0_COOKIE{Code: dns.EDNS0COOKIE, Cookie: c.Cookie[:client] + own}}
			if c.Cookie[client:] != own {
				m.Rcode, m.Answer = dns.RcodeBadCookie, nil
			}
		})}
	}
	return []sent{a.good()}
}
