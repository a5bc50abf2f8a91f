package netresolver

import (
	"net/netip"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/edgewise-go/edgewise/resolve"
)

// FuzzBridge replies to any packet, with an answer that has little to do with the question.
func FuzzBridge(f *testing.F) {
	for _, asked := range []dnsmessage.Question{
		{Name: dnsmessage.MustNewName("www.example."), Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET},
		{Name: dnsmessage.MustNewName("."), Type: dnsmessage.TypeNS, Class: dnsmessage.ClassINET},
		{Name: dnsmessage.MustNewName("a b."), Type: dnsmessage.TypeALL, Class: dnsmessage.ClassANY},
	} {
		m := dnsmessage.Message{Questions: []dnsmessage.Question{asked}}
		var h dnsmessage.ResourceHeader
		if err := h.SetEDNS0(1232, 0, true); err != nil {
			f.Fatal(err)
		}
		m.Additionals = []dnsmessage.Resource{{Header: h, Body: &dnsmessage.OPTResource{}}}
		msg, err := m.Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(msg, uint8(3), "data", "web.example")
	}
	now := time.Now()
	f.Fuzz(func(t *testing.T, msg []byte, n uint8, data, canonical string) {
		r, refusal := parse(msg, minPacket)
		if r == nil {
			check(t, refusal, minPacket)
			return
		}
		v4 := resolve.Question{Name: r.question.Name, Type: resolve.TypeA, Class: resolve.ClassINET}
		var addrs []netip.Addr
		var list []resolve.Record
		for range n {
			addrs = append(addrs, netip.AddrFrom4([4]byte{10}))
			list = append(list, resolve.Record{Type: r.question.Type, TTL: time.Hour, Data: data})
		}
		a := resolve.NewAnswer(v4, addrs)
		a.Canonical, _ = resolve.ParseName(canonical)
		b := resolve.NewRecordAnswer(r.question, list)
		b.Canonical = a.Canonical
		for _, answer := range []resolve.Answer{a, b} {
			check(t, r.answer(answer, nil, now).msg, r.limit)
		}
		for _, err := range []error{resolve.ErrNoData, resolve.ErrNotFound, resolve.ErrServFail} {
			check(t, r.answer(resolve.Answer{}, err, now).msg, r.limit)
		}
	})
}

func check(t *testing.T, msg []byte, limit int) {
	if len(msg) == 0 {
		return
	}
	if len(msg) > limit {
		t.Fatalf("got %d bytes, want at most %d", len(msg), limit)
	}
	var p dnsmessage.Parser
	if h, err := p.Start(msg); err != nil || !h.Response {
		t.Fatalf("got %+v, %v", h, err)
	}
	if p.SkipAllQuestions() != nil || p.SkipAllAnswers() != nil || p.SkipAllAuthorities() != nil || p.SkipAllAdditionals() != nil {
		t.Fatalf("the reply is malformed: %q", msg)
	}
}
