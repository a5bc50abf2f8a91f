package message

import (
	"bytes"
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/edgewise-go/edgewise/resolve"
)

// FuzzRead gives the reader any message, with the question that the message has.
func FuzzRead(f *testing.F) {
	for _, msg := range seeds(f) {
		f.Add(msg)
	}
	f.Fuzz(func(t *testing.T, msg []byte) {
		if len(msg) > 65535 {
			return
		}
		q, ok := questionIn(msg)
		if !ok {
			q = resolve.Question{Name: q.Name, Type: resolve.TypeA, Class: resolve.ClassINET}
		}
		var r Reply
		w := newReader(msg, q, epoch, &r)
		err := w.read(Matches(w.msg, w.q, nil))
		if w.steps > MaxSteps+1 {
			t.Fatalf("got %d steps, want at most %d", w.steps, MaxSteps)
		}
		if err != nil {
			if !errors.Is(err, resolve.ErrMalformed) {
				t.Fatalf("got %v, want ErrMalformed", err)
			}
			return
		}
		plausible(t, r)
		if r.Cut {
			return
		}
		// The bytes after the message change nothing.
		var longer Reply
		require.NoError(t, Read(append(msg[:len(msg):len(msg)], "trailing"...), q, Matches(msg, q, nil), epoch, &longer))
		r.addrs, r.records, longer.addrs, longer.records = nil, nil, nil, nil
		require.Equal(t, r, longer)
		compare(t, msg, q, r)
	})
}

// plausible checks what holds for every reply.
func plausible(t *testing.T, r Reply) {
	if r.Answered && (r.Negative != NotNegative || r.RCode != resolve.RCodeSuccess || !r.ChainTarget.IsZero()) {
		t.Fatalf("answered, and also %+v", r)
	}
	if r.Links > MaxLinks || len(r.EDEText) > MaxEDEText {
		t.Fatalf("bound exceeded: %+v", r)
	}
	if n := len(r.Cookie); n != 0 && !validCookie(n) {
		t.Fatalf("cookie of %d bytes", n)
	}
	if expires := r.Answer.Expires; r.Answered && (expires.Before(epoch) || expires.After(epoch.Add(MaxTTL))) {
		t.Fatalf("expires at %v", expires)
	}
	for _, c := range r.EDEText {
		if c < ' ' || c == 0x7f {
			t.Fatalf("control character in %q", r.EDEText)
		}
	}
}

// compare checks the answer against what package dnsmessage finds, if it accepts the message.
func compare(t *testing.T, msg []byte, q resolve.Question, r Reply) {
	var m dnsmessage.Message
	if m.Unpack(msg) != nil {
		return
	}
	if r.Truncated != m.Truncated || r.Authoritative != m.Authoritative || r.RCode&15 != resolve.RCode(m.RCode) {
		t.Fatalf("header: got %+v, want %+v", r, m.Header)
	}
	if r.RCode != resolve.RCodeSuccess || q.Class != resolve.ClassINET || q.Type != resolve.TypeA && q.Type != resolve.TypeAAAA {
		return
	}
	owner := q.Name.String() + "."
	if q.Name.String() == "." {
		owner = "."
	}
	for range r.Links {
		for _, rr := range m.Answers {
			if body, ok := rr.Body.(*dnsmessage.CNAMEResource); ok && rr.Header.Class == dnsmessage.Class(q.Class) && strings.EqualFold(rr.Header.Name.String(), owner) {
				owner = body.CNAME.String()
				break
			}
		}
	}
	var want []netip.Addr
	for _, rr := range m.Answers {
		if !strings.EqualFold(rr.Header.Name.String(), owner) || rr.Header.Class != dnsmessage.Class(q.Class) {
			continue
		}
		switch body := rr.Body.(type) {
		case *dnsmessage.AResource:
			if q.Type == resolve.TypeA {
				want = append(want, netip.AddrFrom4(body.A))
			}
		case *dnsmessage.AAAAResource:
			if q.Type == resolve.TypeAAAA {
				want = append(want, netip.AddrFrom16(body.AAAA))
			}
		}
	}
	require.Equal(t, len(want) > 0, r.Answered)
	require.Equal(t, want, r.Answer.AppendAddrs(nil))
}

// questionIn returns the question of a message if it is one for package resolve.
func questionIn(msg []byte) (q resolve.Question, ok bool) {
	q, _ = resolve.NewQuestion("www.example", resolve.TypeA)
	var p dnsmessage.Parser
	if _, err := p.Start(msg); err != nil {
		return q, false
	}
	found, err := p.Question()
	if err != nil {
		return q, false
	}
	n, err := resolve.ParseName(found.Name.String())
	if _, literal := n.Addr(); err != nil || literal {
		return q, false
	}
	return resolve.Question{Name: n, Type: resolve.Type(found.Type), Class: resolve.Class(found.Class)}, true
}

// FuzzMatches compares Matches with package dnsmessage.
func FuzzMatches(f *testing.F) {
	for _, msg := range seeds(f) {
		f.Add(msg, "www.example", uint16(1), uint64(5), false)
	}
	f.Fuzz(func(t *testing.T, msg []byte, text string, typ uint16, bits uint64, mixed bool) {
		q, err := resolve.NewQuestion(text, resolve.Type(typ))
		if err != nil {
			return
		}
		var mask *CaseMask
		if mixed {
			mask = &CaseMask{bits, bits, bits, bits}
		}
		verdict := Matches(msg, q, mask)
		var p dnsmessage.Parser
		h, err := p.Start(msg)
		if (err != nil) != (verdict == Short) {
			t.Fatalf("got %v, want an error %v", verdict, err)
		}
		if verdict != Good && verdict != CaseDiffers {
			return
		}
		qs, err := p.AllQuestions()
		require.NoError(t, err)
		require.Len(t, qs, 1)
		require.True(t, h.Response && h.OpCode == 0)
		require.Equal(t, q, resolve.Question{Name: mustName(t, qs[0].Name.String()), Type: resolve.Type(qs[0].Type), Class: resolve.Class(qs[0].Class)})
		if mixed {
			sent := appendName(nil, q.Name.String(), mask)
			require.Equal(t, verdict == Good, bytes.HasPrefix(msg[headerBytes:], sent))
		}
	})
}

func mustName(t *testing.T, s string) resolve.Name {
	n, err := resolve.ParseName(s)
	require.NoError(t, err)
	return n
}

// FuzzQuery reads back what AppendQuery wrote.
func FuzzQuery(f *testing.F) {
	f.Add("www.example", uint16(1), uint16(1), uint16(7), uint64(0), []byte(nil), uint8(0))
	f.Add(".", uint16(2), uint16(1), uint16(65535), uint64(3), []byte("12345678"), uint8(255))
	f.Add(longName, uint16(255), uint16(3), uint16(0), ^uint64(0), make([]byte, 40), uint8(5))
	f.Fuzz(func(t *testing.T, text string, typ, class, id uint16, bits uint64, cookie []byte, flags uint8) {
		n, err := resolve.ParseName(text)
		if err != nil {
			return
		}
		mask := &CaseMask{bits, ^bits, bits, bits}
		q := Query{ID: id, Question: resolve.Question{Name: n, Type: resolve.Type(typ), Class: resolve.Class(class)},
			Mixed: mask, EDNS: flags&1 != 0, DO: flags&2 != 0, AD: flags&4 != 0, UDPSize: 1000, Cookie: cookie}
		msg, err := AppendQuery(make([]byte, 0, MaxQueryBytes), q)
		if err != nil {
			_, literal := n.Addr()
			require.True(t, literal || !validCookie(len(cookie)), err)
			return
		}
		require.LessOrEqual(t, len(msg), MaxQueryBytes)
		var m dnsmessage.Message
		require.NoError(t, m.Unpack(msg))
		require.Equal(t, dnsmessage.Header{ID: id, RecursionDesired: true, AuthenticData: q.AD}, m.Header)
		require.Equal(t, NotReply, Matches(msg, q.Question, mask))
		msg[2] |= flagQR
		require.Equal(t, Good, Matches(msg, q.Question, mask))
		require.Equal(t, q.EDNS, len(m.Additionals) == 1)
		if q.EDNS {
			require.Equal(t, q.DO, m.Additionals[0].Header.DNSSECAllowed())
		}
		var r Reply
		require.NoError(t, Read(msg, q.Question, Matches(msg, q.Question, nil), epoch, &r))
		require.Equal(t, NoData, r.Negative)
		require.Equal(t, q.EDNS, r.HasOPT)
		if q.EDNS {
			require.Equal(t, string(cookie), string(r.Cookie))
		}
	})
}

// seeds are replies with everything that the reader knows.
func seeds(f *testing.F) [][]byte {
	q, mxQ := question(f, "www.example", resolve.TypeA), question(f, "www.example", resolve.TypeMX)
	ok := dnsmessage.Header{}
	link := cname("www.example.", 60, "a.example.")
	seed := [][]byte{
		reply(f, q, ok, link, a("a.example.", 60, "192.0.2.1"), additional, opt(1232, 0, dnsmessage.Option{Code: 10, Data: make([]byte, 16)})),
		reply(f, q, ok, many(12)...),
		reply(f, question(f, "v6.example", resolve.TypeAAAA), ok, aaaa("v6.example.", 1, "2001:db8::1"), aaaa("v6.example.", 2, "::ffff:192.0.2.1")),
		reply(f, q, dnsmessage.Header{RCode: 3}, authority, soa("example.", 300, 60), additional, opt(512, 0, dnsmessage.Option{Code: 15, Data: []byte("\x00\x12text")})),
		reply(f, q, ok, link, cname("a.example.", 1, "www.example.")),
		reply(f, q, ok, authority, ns("example.", "ns.example."), additional, a("ns.example.", 1, "192.0.2.9")),
		reply(f, mxQ, ok, mx("www.example.", 10, "mail.example."), mx("www.example.", 0, ".")),
		reply(f, question(f, "_s._tcp.example", resolve.TypeSRV), ok, srv("_s._tcp.example.", "a.example.")),
		reply(f, question(f, "example", resolve.TypeSOA), ok, soa("example.", 3, 4)),
		reply(f, question(f, "example", resolve.TypeNAPTR), ok, raw("example.", resolve.TypeNAPTR, 1, 1, 0, 1, 0, 2, 1, 'u', 0, 1, '!', 0xc0, 12)),
		reply(f, question(f, "example", resolve.TypeTXT), ok, raw("example.", resolve.TypeTXT, 1, 1, 1, 'a', 0)),
		reply(f, question(f, "example", typeAny), ok, a("example.", 1, "192.0.2.1"), ns("example.", "a.")),
	}
	truncated := reply(f, q, dnsmessage.Header{Truncated: true}, a("www.example.", 1, "192.0.2.1"))
	return append(seed, truncated[:len(truncated)-2], []byte("\x00\x00\x80\x01\x00\x00\x00\x00\x00\x00\x00\x00"))
}
