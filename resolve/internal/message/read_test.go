package message

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/edgewise-go/edgewise/resolve"
)

func TestAddressesOfTheNameAreRead(t *testing.T) {
	q := question(t, "www.example", resolve.TypeA)
	r := mustRead(t, reply(t, q, dnsmessage.Header{Authoritative: true, AuthenticData: true},
		a("WWW.example.", 300, "192.0.2.1"), a("www.example.", 60, "192.0.2.2")), q)
	require.Equal(t, []string{"192.0.2.1", "192.0.2.2"}, addrs(r))
	require.True(t, r.Answered && r.Authoritative && r.RecursionAvailable && r.AD)
	require.Equal(t, q, r.Answer.Question)
	require.True(t, r.Answer.Canonical.IsZero())
	require.Equal(t, epoch.Add(time.Minute), r.Answer.Expires)
	require.Equal(t, NotNegative, r.Negative)
}

func TestMappedAddressStaysIPv6(t *testing.T) {
	q := question(t, "m.example", resolve.TypeAAAA)
	r := mustRead(t, reply(t, q, dnsmessage.Header{}, aaaa("m.example.", 1, "::ffff:192.0.2.1")), q)
	require.Equal(t, []string{"::ffff:192.0.2.1"}, addrs(r))
}

func TestOnlyRecordsOfTheChainAnswer(t *testing.T) {
	q := question(t, "www.example", resolve.TypeA)
	link1, link2 := cname("www.example.", 50, "A.example."), cname("a.example.", 40, "b.EXAMPLE.")
	good, other := a("B.example.", 60, "192.0.2.1"), a("other.example.", 1, "192.0.2.66")
	for i, build := range [][]func(*script){
		{link1, link2, good}, {good, link2, link1}, {link2, good, link1}, {other, good, link1, link2},
		{link1, cname("x.example.", 1, "y.example."), link2, other, good},
		{link1, link2, good, raw("b.example.", resolve.TypeA, 3, 1, 1, 2, 3, 4)}, // class CH
		{link1, link2, good, raw("b.example.", 46, 1, 1, 1, 2, 3, 4)},            // RRSIG
		{link1, link2, good, aaaa("b.example.", 1, "2001:db8::1")},
		{link1, link2, good, opt(1, 0)},
		{raw("example.", resolve.TypeDNAME, 1, 9, 0), link1, link2, good},
		{link1, link2, a("www.example.", 1, "192.0.2.66"), good}, // the alias has an address itself
		{link1, link2, good, authority, a("b.example.", 1, "192.0.2.66"), additional, a("b.example.", 1, "192.0.2.66")},
	} {
		r := mustRead(t, reply(t, q, dnsmessage.Header{}, build...), q)
		require.Equal(t, []string{"192.0.2.1"}, addrs(r), i)
		require.Equal(t, "b.example", r.Answer.Canonical.String(), i)
		require.Equal(t, epoch.Add(40*time.Second), r.Answer.Expires, i)
		require.Equal(t, 2, r.Links, i)
	}
}

func TestSynthesizedCNAMEIsFollowed(t *testing.T) {
	q := question(t, "www.old.example", resolve.TypeA)
	r := mustRead(t, reply(t, q, dnsmessage.Header{}, raw("old.example.", resolve.TypeDNAME, 1, 5, []byte("\x03new\x00")...),
		cname("www.old.example.", 30, "www.new."), a("www.new.", 60, "192.0.2.1")), q)
	require.Equal(t, []string{"192.0.2.1"}, addrs(r))
	require.Equal(t, "www.new", r.Answer.Canonical.String())
}

func TestChainHasABound(t *testing.T) {
	q := question(t, "l0.example", resolve.TypeA)
	chain := func(links int) []byte {
		build := []func(*script){a(fmt.Sprintf("l%d.example.", links), 60, "192.0.2.1")}
		for i := range links {
			build = append(build, cname(fmt.Sprintf("l%d.example.", i), 60, fmt.Sprintf("l%d.example.", i+1)))
		}
		return reply(t, q, dnsmessage.Header{}, build...)
	}
	require.Equal(t, []string{"192.0.2.1"}, addrs(mustRead(t, chain(MaxLinks), q)))
	var r Reply
	require.ErrorIs(t, Read(chain(MaxLinks+1), q, Good, epoch, &r), resolve.ErrMalformed)

	unrelated := []func(*script){a("l0.example.", 60, "192.0.2.1")}
	for range maxAliases {
		unrelated = append(unrelated, cname("x.", 1, "y."))
	}
	require.Equal(t, []string{"192.0.2.1"}, addrs(mustRead(t, reply(t, q, dnsmessage.Header{}, unrelated...), q)))
}

func TestMalformedMessagesAreRefused(t *testing.T) {
	q := question(t, "www.example", resolve.TypeA)
	ptrQ := question(t, "www.example", resolve.TypePTR)
	good := a("www.example.", 60, "192.0.2.1")
	tail := make([]byte, 20)
	many := make([]func(*script), maxAliases+1)
	for i := range many {
		many[i] = cname("x.example.", 1, "y.example.")
	}
	for _, c := range []struct {
		text string
		q    resolve.Question
		msg  []byte
	}{
		{"CNAME to itself", q, reply(t, q, dnsmessage.Header{}, cname("www.example.", 1, "www.example."))},
		{"loop of two", q, reply(t, q, dnsmessage.Header{}, cname("www.example.", 1, "a."), cname("a.", 1, "www.example."), good)},
		{"loop with NXDOMAIN", q, reply(t, q, dnsmessage.Header{RCode: 3}, cname("www.example.", 1, "www.example."))},
		{"A of 3 bytes", q, reply(t, q, dnsmessage.Header{}, raw("www.example.", resolve.TypeA, 1, 1, 1, 2, 3))},
		{"A of 5 bytes", q, reply(t, q, dnsmessage.Header{}, raw("www.example.", resolve.TypeA, 1, 1, 1, 2, 3, 4, 5))},
		{"AAAA of 15 bytes", q, reply(t, q, dnsmessage.Header{}, good, raw("www.example.", resolve.TypeAAAA, 1, 1, make([]byte, 15)...))},
		{"two OPT records", q, reply(t, q, dnsmessage.Header{}, good, additional, opt(512, 0), opt(512, 0))},
		{"OPT with an owner", q, reply(t, q, dnsmessage.Header{}, good, additional, raw("a.", typeOPT, 512, 0))},
		{"option beyond OPT", q, reply(t, q, dnsmessage.Header{}, good, additional, raw(".", typeOPT, 512, 0, 0, 10, 0, 9, 1))},
		{"half an option", q, reply(t, q, dnsmessage.Header{}, good, additional, raw(".", typeOPT, 512, 0, 0, 10, 0))},
		{"cookie of 9 bytes", q, reply(t, q, dnsmessage.Header{}, good, additional, opt(512, 0, dnsmessage.Option{Code: 10, Data: make([]byte, 9)}))},
		{"CNAME with bytes after it", q, reply(t, q, dnsmessage.Header{}, raw("www.example.", resolve.TypeCNAME, 1, 1, 1, 'a', 0, 0))},
		{"CNAME without name", q, reply(t, q, dnsmessage.Header{}, raw("www.example.", resolve.TypeCNAME, 1, 1))},
		{"PTR with bytes after it", ptrQ, reply(t, ptrQ, dnsmessage.Header{}, raw("www.example.", resolve.TypePTR, 1, 1, 1, 'a', 0, 0))},
		{"PTR into the next record", ptrQ, reply(t, ptrQ, dnsmessage.Header{}, raw("www.example.", resolve.TypePTR, 1, 1, 30), good)},
		{"SOA with a short tail", q, reply(t, q, dnsmessage.Header{}, authority, raw("example.", resolve.TypeSOA, 1, 1, append([]byte{0, 0}, tail[1:]...)...))},
		{"SOA with a long tail", q, reply(t, q, dnsmessage.Header{}, authority, raw("example.", resolve.TypeSOA, 1, 1, append([]byte{0, 0, 0}, tail...)...))},
		{"too many CNAME records", q, reply(t, q, dnsmessage.Header{}, many...)},
		{"the count of answers lies", q, counts(reply(t, q, dnsmessage.Header{}, good), 65535, 0, 0)},
		{"no question but no error", q, counts([]byte("\x00\x00\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00"), 0, 0, 0)},
		{"another question", q, reply(t, question(t, "xxx.example", resolve.TypeA), dnsmessage.Header{}, good)},
		{"cut without an answer", q, counts(reply(t, q, dnsmessage.Header{}), 0, 1, 0)},
		{"cut NXDOMAIN", q, counts(reply(t, q, dnsmessage.Header{RCode: 3}), 0, 0, 1)},
	} {
		var r Reply
		require.ErrorIs(t, Read(c.msg, c.q, Matches(c.msg, c.q, nil), epoch, &r), resolve.ErrMalformed, c.text)
	}
}

func TestEveryCutIsMalformedOrHarmless(t *testing.T) {
	q := question(t, "www.example", resolve.TypeA)
	msg := reply(t, q, dnsmessage.Header{}, cname("www.example.", 60, "a.example."), a("a.example.", 60, "192.0.2.1"))
	whole := len(msg)
	msg = reply(t, q, dnsmessage.Header{}, cname("www.example.", 60, "a.example."), a("a.example.", 60, "192.0.2.1"),
		authority, ns("example.", "ns.example."), additional, opt(1232, 0), a("ns.example.", 1, "192.0.2.2"))
	truncated := append([]byte(nil), msg...)
	truncated[2] |= flagTC
	for n := range len(msg) {
		var r Reply
		err := Read(msg[:n:n], q, Matches(msg[:n:n], q, nil), epoch, &r)
		if n < whole {
			require.ErrorIs(t, err, resolve.ErrMalformed, n)
		} else {
			require.NoError(t, err, n)
			require.True(t, r.Cut, n)
			require.Equal(t, []string{"192.0.2.1"}, addrs(r), n)
		}
		if err := Read(truncated[:n:n], q, Matches(truncated[:n:n], q, nil), epoch, &r); n >= headerBytes+17 {
			require.NoError(t, err, n)
			require.True(t, r.Truncated && r.Cut, n)
			require.Equal(t, r.Answered, r.Answer.Truncated, n)
			require.Equal(t, NotNegative, r.Negative, n)
		}
	}
}

func TestTrailingBytesAreAccepted(t *testing.T) {
	q := question(t, "www.example", resolve.TypeA)
	msg := reply(t, q, dnsmessage.Header{}, a("www.example.", 60, "192.0.2.1"))
	want := mustRead(t, msg, q)
	require.Equal(t, want, mustRead(t, append(msg, make([]byte, 100)...), q))
}

func TestTTLIsBounded(t *testing.T) {
	q := question(t, "www.example", resolve.TypeA)
	for ttl, want := range map[uint32]time.Duration{0: 0, 1: time.Second, 604800: MaxTTL, 604801: MaxTTL, 1 << 31: MaxTTL, 1<<32 - 1: MaxTTL} {
		r := mustRead(t, reply(t, q, dnsmessage.Header{}, a("www.example.", ttl, "192.0.2.1"), additional, opt(512, 0)), q)
		require.Equal(t, epoch.Add(want), r.Answer.Expires, ttl)
	}
}

func TestTTLOfARecordIsBounded(t *testing.T) {
	q := question(t, "www.example", resolve.TypeTXT)
	r := mustRead(t, reply(t, q, dnsmessage.Header{}, raw("www.example.", resolve.TypeTXT, 1, 1<<31, 0), raw("www.example.", resolve.TypeTXT, 1, 9, 0)), q)
	var got []time.Duration
	for rr := range r.Answer.Records() {
		got = append(got, rr.TTL)
	}
	require.Equal(t, []time.Duration{MaxTTL, 9 * time.Second}, got)
}

func TestOPTExtendsTheReply(t *testing.T) {
	q := question(t, "www.example", resolve.TypeA)
	cookie := []byte("12345678abcdefgh")
	msg := reply(t, q, dnsmessage.Header{RCode: dnsmessage.RCode(resolve.RCodeBadCookie & 15)}, additional,
		a("x.", 1, "192.0.2.2"), opt(4096, resolve.RCodeBadCookie, dnsmessage.Option{Code: 3, Data: []byte("id")},
			dnsmessage.Option{Code: 10, Data: cookie}, dnsmessage.Option{Code: 10, Data: cookie[:8]},
			dnsmessage.Option{Code: 15, Data: []byte("\x00\x16late \x1b[31m\x00")}))
	r := mustRead(t, msg, q)
	require.Equal(t, resolve.RCodeBadCookie, r.RCode)
	require.True(t, r.HasOPT && r.HasEDE)
	require.Equal(t, uint16(4096), r.UDPSize)
	require.Equal(t, cookie, r.Cookie)
	require.Equal(t, uint16(22), r.EDE)
	require.Equal(t, "late ?[31m", r.EDEText)
	require.Equal(t, NotNegative, r.Negative)
}

func TestUpperBitsOfTheRCODEVoidTheAnswer(t *testing.T) {
	q := question(t, "www.example", resolve.TypeA)
	r := mustRead(t, reply(t, q, dnsmessage.Header{}, a("www.example.", 60, "192.0.2.1"), additional, opt(512, resolve.RCodeBadVersion)), q)
	require.Equal(t, resolve.RCodeBadVersion, r.RCode)
	require.False(t, r.Answered)
	require.Zero(t, r.Answer.Len())
	require.Equal(t, NotNegative, r.Negative)
}

func TestTextOfAnErrorIsClipped(t *testing.T) {
	require.Equal(t, "ä?b", printable([]byte("ä\xffb\u202e"), 10))
	require.Equal(t, "aäa", printable([]byte("aäaä"), 5))
	require.Len(t, printable(make([]byte, 100), 10), 0)
}

func TestErrorWithoutQuestionIsRead(t *testing.T) {
	q := question(t, "www.example", resolve.TypeA)
	var r Reply
	require.NoError(t, Read([]byte("\x00\x00\x80\x01\x00\x00\x00\x00\x00\x00\x00\x00"), q, NoQuestion, epoch, &r))
	require.Equal(t, resolve.RCodeFormatError, r.RCode)
	require.False(t, r.HasOPT)
}

func TestAnswersHaveABound(t *testing.T) {
	q := question(t, "a", resolve.TypeA)
	var build []func(*script)
	for i := range 4090 {
		build = append(build, raw("a.", resolve.TypeA, 1, 1, 10, 0, byte(i>>8), byte(i)))
	}
	msg := reply(t, q, dnsmessage.Header{}, build...)
	require.Less(t, len(msg), 65536)
	var r Reply
	w := newReader(msg, q, epoch, &r)
	require.NoError(t, w.read(Matches(w.msg, w.q, nil)))
	require.Equal(t, 4090, r.Answer.Len())
	require.Less(t, w.steps, 3*4090)
}
