package message

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/edgewise-go/edgewise/resolve"
)

func TestRDataIsDecompressed(t *testing.T) {
	const owner = "www.example."
	for _, c := range []struct {
		typ   resolve.Type
		build func(*script)
		want  string
	}{
		{resolve.TypeNS, ns(owner, "NS.example."), "\x02NS\x07example\x00"},
		{resolve.TypePTR, ptr(owner, "a.example."), "\x01a\x07example\x00"},
		{resolve.TypeCNAME, cname(owner, 1, "www.example."), "\x03www\x07example\x00"},
		{resolve.TypeMX, mx(owner, 10, "m.example."), "\x00\x0a\x01m\x07example\x00"},
		{resolve.TypeMX, mx(owner, 0, "."), "\x00\x00\x00"},
		{resolve.TypeSRV, srv(owner, "."), "\x00\x01\x00\x02\x00\x03\x00"},
		{resolve.TypeSRV, srv(owner, "s.example."), "\x00\x01\x00\x02\x00\x03\x01s\x07example\x00"},
		{resolve.TypeSOA, soa(owner, 1, 7), "\x02ns\x07example\x00\x01m\x07example\x00" + strings.Repeat("\x00", 19) + "\x07"},
		{resolve.TypeDNAME, raw(owner, resolve.TypeDNAME, 1, 1, 1, 'x', 0xc0, 16), "\x01x\x07example\x00"},
		{resolve.TypeNAPTR, raw(owner, resolve.TypeNAPTR, 1, 1, 0, 1, 0, 2, 1, 'u', 0, 1, '!', 0xc0, 16), "\x00\x01\x00\x02\x01u\x00\x01!\x07example\x00"},
		{typeRP, raw(owner, typeRP, 1, 1, 0xc0, 16, 0), "\x07example\x00\x00"},
		{typeKX, raw(owner, typeKX, 1, 1, 0, 1, 0xc0, 16), "\x00\x01\x07example\x00"},
		{resolve.TypeTXT, raw(owner, resolve.TypeTXT, 1, 1, 1, 'a', 0, 2, 0, 255), "\x01a\x00\x02\x00\xff"},
		{resolve.TypeTXT, raw(owner, resolve.TypeTXT, 1, 1), ""},
		{65280, raw(owner, 65280, 1, 1, 0xc0, 12, 0), "\xc0\x0c\x00"},
		{resolve.TypeHTTPS, raw(owner, resolve.TypeHTTPS, 1, 1, 0, 1, 0), "\x00\x01\x00"},
	} {
		q := question(t, "www.example", c.typ)
		r := mustRead(t, reply(t, q, dnsmessage.Header{}, c.build), q)
		require.Equal(t, []string{c.want}, data(r), c.typ)
		require.Zero(t, r.Filtered)
	}
}

func TestAllTypesAnswerANY(t *testing.T) {
	q := question(t, "www.example", typeAny)
	r := mustRead(t, reply(t, q, dnsmessage.Header{}, a("www.example.", 1, "192.0.2.1"), cname("www.example.", 1, "a."), raw("www.example.", typeOPT, 1, 1)), q)
	require.Equal(t, []string{"\xc0\x00\x02\x01", "\x01a\x00"}, data(r))
	require.Zero(t, r.Links)
}

func TestNamesThatAreNoHostNamesAreFiltered(t *testing.T) {
	const owner = "1.2.0.192.in-addr.arpa."
	q := question(t, owner, resolve.TypePTR)
	good := ptr(owner, "good.example.")
	for _, bad := range []string{"<script>.example.", "a b.", "\x00.", `a"b.`, "-a.example.", "192.0.2.1.", "123.", "0x7f.", "ä.example."} {
		r := mustRead(t, reply(t, q, dnsmessage.Header{}, good, ptr(owner, bad)), q)
		require.Equal(t, []string{"\x04good\x07example\x00"}, data(r), bad)
		require.Equal(t, 1, r.Filtered, bad)
		require.Equal(t, 1, r.Answer.Filtered, bad)
	}
	r := mustRead(t, reply(t, q, dnsmessage.Header{}, ptr(owner, "a b.")), q)
	require.True(t, r.Answered, "the name has records, although none can be used")
	require.Empty(t, data(r))
	r = mustRead(t, reply(t, q, dnsmessage.Header{}, raw(owner, resolve.TypePTR, 1, 1, 3, 'a', '.', 'b', 0)), q)
	require.Equal(t, 1, r.Filtered, "a dot in a label")
	r = mustRead(t, reply(t, q, dnsmessage.Header{}, ptr(owner, "_sip._tcp.a_b.Example.")), q)
	require.Zero(t, r.Filtered)
	for _, c := range []struct {
		typ   resolve.Type
		build func(*script)
	}{
		{resolve.TypeMX, mx(owner, 1, "a b.")}, {resolve.TypeNS, ns(owner, "a b.")}, {resolve.TypeSRV, srv(owner, "a b.")},
		{resolve.TypeCNAME, cname(owner, 1, "a b.")},
	} {
		q := question(t, owner, c.typ)
		require.Equal(t, 1, mustRead(t, reply(t, q, dnsmessage.Header{}, c.build), q).Filtered, c.typ)
	}
}

func TestPTRFollowsAClasslessDelegation(t *testing.T) {
	q := question(t, "1.2.0.192.in-addr.arpa", resolve.TypePTR)
	r := mustRead(t, reply(t, q, dnsmessage.Header{}, cname("1.2.0.192.in-addr.arpa.", 1, "1.0/25.2.0.192.in-addr.arpa."),
		ptr("1.0/25.2.0.192.in-addr.arpa.", "a.example."), raw("1.0/25.2.0.192.in-addr.arpa.", resolve.TypeTXT, 1, 1, 0)), q)
	require.Equal(t, []string{"\x01a\x07example\x00"}, data(r))
	require.True(t, r.Answer.Canonical.IsZero(), "RFC 2317 names are no host names")
	require.Equal(t, 1, r.Filtered)
	require.Zero(t, r.Answer.Filtered)

	q = question(t, "www.example", resolve.TypeA)
	r = mustRead(t, reply(t, q, dnsmessage.Header{}, cname("www.example.", 1, "a b."), a("a b.", 1, "192.0.2.1")), q)
	require.Equal(t, []string{"192.0.2.1"}, addrs(r))
	require.True(t, r.Answer.Canonical.IsZero())
	require.Equal(t, 1, r.Answer.Filtered)
}

func TestHostRuleIsThatOfParseName(t *testing.T) {
	for _, label := range []string{"a", "-", "a-", "-a", "a-b", "1", "0x", "0xg", "0xAf", "0X1", "_", "a.b", "A", "é", "x n", "007"} {
		for _, wire := range []string{"\x01a" + string(rune(len(label))) + label + "\x00", string(rune(len(label))) + label + "\x00", string(rune(len(label))) + label + "\x01a\x00"} {
			w := walk{msg: []byte(wire)}
			_, ok, err := w.host(0)
			require.NoError(t, err)
			require.Equal(t, ok, isHost([]byte(wire)), "%q", wire)
		}
	}
	require.True(t, isHost([]byte{0}))
}
