package netresolver_test

import (
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/edgewise-go/edgewise/resolve"
)

// scripted is a strategy that answers from a table. It answers in Start, or never.
type scripted struct {
	answers map[string]func(resolve.Question) (resolve.Answer, error)
	silent  bool

	mu       sync.Mutex
	asked    []string // guarded by mu
	canceled chan resolve.Question
}

func (s *scripted) Try(resolve.Question) (resolve.Answer, error) {
	return resolve.Answer{}, resolve.ErrWouldBlock
}

func (s *scripted) Start(q *resolve.Query) {
	question := q.Question
	if !q.Accept(func() {
		if s.canceled != nil {
			s.canceled <- question
		}
	}) {
		return
	}
	s.mu.Lock()
	s.asked = append(s.asked, question.String())
	s.mu.Unlock()
	if s.silent {
		return
	}
	if answer := s.answers[question.String()]; answer != nil {
		q.Finish(answer(question))
		return
	}
	q.Finish(resolve.Answer{}, &resolve.Error{Op: "script", Question: question, Err: resolve.ErrNotFound})
}

func (s *scripted) Close() error { return nil }

type script = map[string]func(resolve.Question) (resolve.Answer, error)

func addresses(texts ...string) func(resolve.Question) (resolve.Answer, error) {
	return func(q resolve.Question) (resolve.Answer, error) {
		var addrs []netip.Addr
		for _, text := range texts {
			addrs = append(addrs, netip.MustParseAddr(text))
		}
		a := resolve.NewAnswer(q, addrs)
		a.Expires = time.Now().Add(time.Minute)
		return a, nil
	}
}

// at adds a canonical name to an answer.
func at(canonical string, answer func(resolve.Question) (resolve.Answer, error)) func(resolve.Question) (resolve.Answer, error) {
	return func(q resolve.Question) (resolve.Answer, error) {
		a, err := answer(q)
		if err == nil {
			a.Canonical, err = resolve.ParseName(canonical)
		}
		return a, err
	}
}

// filtered adds a count of bad names to an answer.
func filtered(n int, answer func(resolve.Question) (resolve.Answer, error)) func(resolve.Question) (resolve.Answer, error) {
	return func(q resolve.Question) (resolve.Answer, error) {
		a, err := answer(q)
		a.Filtered = n
		return a, err
	}
}

func records(data ...string) func(resolve.Question) (resolve.Answer, error) {
	return func(q resolve.Question) (resolve.Answer, error) {
		var list []resolve.Record
		for _, d := range data {
			list = append(list, resolve.Record{Type: q.Type, TTL: time.Minute, Data: d})
		}
		return resolve.NewRecordAnswer(q, list), nil
	}
}

func failure(err error) func(resolve.Question) (resolve.Answer, error) {
	return func(q resolve.Question) (resolve.Answer, error) {
		return resolve.Answer{}, &resolve.Error{Op: "script", Question: q, Server: "192.0.2.53:53", Err: err}
	}
}

// zone is the script of most tests.
func zone() *scripted {
	return &scripted{answers: script{
		"A www.example":              at("web.example", addresses("192.0.2.1", "192.0.2.2")),
		"AAAA www.example":           at("web.example", addresses("2001:db8::1")),
		"A v4.example":               addresses("192.0.2.4"),
		"AAAA v4.example":            failure(resolve.ErrNoData),
		"A alias.example":            failure(resolve.ErrNoData),
		"AAAA alias.example":         failure(resolve.ErrNoData),
		"CNAME alias.example":        records("\x06target\x07example\x00"),
		"A down.example":             failure(resolve.ErrServFail),
		"AAAA down.example":          failure(resolve.ErrServFail),
		"MX down.example":            failure(resolve.ErrServFail),
		"CNAME down.example":         failure(resolve.ErrServFail),
		"A slow.example":             failure(resolve.ErrTimeout),
		"AAAA slow.example":          failure(resolve.ErrTimeout),
		"MX example":                 records("\x00\x14\x02m2\x00", "\x00\x0a\x02m1\x07example\x00"),
		"MX null.example":            records("\x00\x00\x00"),
		"NS example":                 records("\x03ns1\x07example\x00", "\x03ns2\x07example\x00"),
		"NS .":                       records("\x01a\x00"),
		"TXT example":                records("\x06v=spf1\x05 -all", "\x00", "\x01x"),
		"SRV _sip._tcp.example":      records("\x00\x02\x00\x00\x13\xc4\x01b\x00", "\x00\x01\x00\x01\x13\xc4\x01a\x00"),
		"SRV direct.example":         at("other.example", records("\x00\x01\x00\x01\x00\x50\x00")),
		"PTR 1.2.0.192.in-addr.arpa": records("\x03one\x07example\x00", "\x03two\x07example\x00"),
		"PTR 1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa": records("\x03six\x07example\x00"),
	}}
}

func mustParse(t *testing.T, s string) netip.Addr {
	t.Helper()
	addr, err := netip.ParseAddr(s)
	require.NoError(t, err)
	return addr
}
