package message

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/edgewise-go/edgewise/resolve"
)

var epoch = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)

func question(t testing.TB, name string, typ resolve.Type) resolve.Question {
	t.Helper()
	q, err := resolve.NewQuestion(name, typ)
	require.NoError(t, err)
	return q
}

// script builds a reply to q. Each function adds to one section.
type script struct {
	t    testing.TB
	b    dnsmessage.Builder
	head dnsmessage.Header
}

func name(s string) dnsmessage.Name { return dnsmessage.MustNewName(s) }

func header(owner string, typ resolve.Type, ttl uint32) dnsmessage.ResourceHeader {
	return dnsmessage.ResourceHeader{Name: name(owner), Type: dnsmessage.Type(typ), Class: dnsmessage.ClassINET, TTL: ttl}
}

// reply builds a reply to q. build gets the builder in its answer section.
func reply(t testing.TB, q resolve.Question, h dnsmessage.Header, build ...func(*script)) []byte {
	t.Helper()
	h.Response, h.RecursionDesired, h.RecursionAvailable = true, true, true
	s := &script{t: t, b: dnsmessage.NewBuilder(make([]byte, 0, 512), h), head: h}
	s.b.EnableCompression()
	require.NoError(t, s.b.StartQuestions())
	text := q.Name.String()
	if text != "." {
		text += "."
	}
	require.NoError(t, s.b.Question(dnsmessage.Question{Name: name(text), Type: dnsmessage.Type(q.Type), Class: dnsmessage.Class(q.Class)}))
	require.NoError(t, s.b.StartAnswers())
	for _, f := range build {
		f(s)
	}
	msg, err := s.b.Finish()
	require.NoError(t, err)
	return msg
}

func authority(s *script)  { require.NoError(s.t, s.b.StartAuthorities()) }
func additional(s *script) { require.NoError(s.t, s.b.StartAdditionals()) }

func a(owner string, ttl uint32, addr string) func(*script) {
	return func(s *script) {
		require.NoError(s.t, s.b.AResource(header(owner, 0, ttl), dnsmessage.AResource{A: netip.MustParseAddr(addr).As4()}))
	}
}

func aaaa(owner string, ttl uint32, addr string) func(*script) {
	return func(s *script) {
		require.NoError(s.t, s.b.AAAAResource(header(owner, 0, ttl), dnsmessage.AAAAResource{AAAA: netip.MustParseAddr(addr).As16()}))
	}
}

func cname(owner string, ttl uint32, target string) func(*script) {
	return func(s *script) {
		require.NoError(s.t, s.b.CNAMEResource(header(owner, 0, ttl), dnsmessage.CNAMEResource{CNAME: name(target)}))
	}
}

func ns(owner, target string) func(*script) {
	return func(s *script) {
		require.NoError(s.t, s.b.NSResource(header(owner, 0, 300), dnsmessage.NSResource{NS: name(target)}))
	}
}

func ptr(owner, target string) func(*script) {
	return func(s *script) {
		require.NoError(s.t, s.b.PTRResource(header(owner, 0, 300), dnsmessage.PTRResource{PTR: name(target)}))
	}
}

func mx(owner string, preference uint16, target string) func(*script) {
	return func(s *script) {
		require.NoError(s.t, s.b.MXResource(header(owner, 0, 300), dnsmessage.MXResource{Pref: preference, MX: name(target)}))
	}
}

func srv(owner, target string) func(*script) {
	return func(s *script) {
		require.NoError(s.t, s.b.SRVResource(header(owner, 0, 300), dnsmessage.SRVResource{Priority: 1, Weight: 2, Port: 3, Target: name(target)}))
	}
}

func soa(owner string, ttl, minimum uint32) func(*script) {
	return func(s *script) {
		require.NoError(s.t, s.b.SOAResource(header(owner, 0, ttl), dnsmessage.SOAResource{NS: name("ns.example."), MBox: name("m.example."), MinTTL: minimum}))
	}
}

// raw adds a record of any type, class and RDATA.
func raw(owner string, typ resolve.Type, class uint16, ttl uint32, data ...byte) func(*script) {
	return func(s *script) {
		h := header(owner, typ, ttl)
		h.Class = dnsmessage.Class(class)
		require.NoError(s.t, s.b.UnknownResource(h, dnsmessage.UnknownResource{Type: dnsmessage.Type(typ), Data: data}))
	}
}

func opt(size int, rcode resolve.RCode, options ...dnsmessage.Option) func(*script) {
	return func(s *script) {
		var h dnsmessage.ResourceHeader
		require.NoError(s.t, h.SetEDNS0(size, dnsmessage.RCode(rcode), false))
		require.NoError(s.t, s.b.OPTResource(h, dnsmessage.OPTResource{Options: options}))
	}
}

// counts overwrites the counts of the answer, authority and additional sections.
func counts(msg []byte, answers, authorities, additionals uint16) []byte {
	binary.BigEndian.PutUint16(msg[6:], answers)
	binary.BigEndian.PutUint16(msg[8:], authorities)
	binary.BigEndian.PutUint16(msg[10:], additionals)
	return msg
}

func mustRead(t testing.TB, msg []byte, q resolve.Question) Reply {
	t.Helper()
	require.Equal(t, Good, Matches(msg, q, nil))
	var r Reply
	require.NoError(t, Read(msg, q, Matches(msg, q, nil), epoch, &r))
	return r
}

func addrs(r Reply) []string {
	var out []string
	for addr := range r.Answer.All() {
		out = append(out, addr.String())
	}
	return out
}

func data(r Reply) []string {
	var out []string
	for rr := range r.Answer.Records() {
		out = append(out, rr.Data)
	}
	return out
}
