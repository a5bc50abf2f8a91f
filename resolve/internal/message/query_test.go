package message

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/edgewise-go/edgewise/resolve"
)

// longName has the maximum length of a name.
var longName = strings.Repeat(strings.Repeat("a", 63)+".", 3) + strings.Repeat("b", 61)

func TestQueryHasTheFieldsThatWereAskedFor(t *testing.T) {
	cookie := []byte("12345678abcdefgh")
	msg, err := AppendQuery(nil, Query{ID: 0x1234, Question: question(t, "www.example", resolve.TypeAAAA), EDNS: true, Cookie: cookie, DO: true, AD: true})
	require.NoError(t, err)
	var m dnsmessage.Message
	require.NoError(t, m.Unpack(msg))
	require.Equal(t, dnsmessage.Header{ID: 0x1234, RecursionDesired: true, AuthenticData: true}, m.Header)
	require.Equal(t, []dnsmessage.Question{{Name: name("www.example."), Type: dnsmessage.TypeAAAA, Class: dnsmessage.ClassINET}}, m.Questions)
	require.Len(t, m.Additionals, 1)
	opt := m.Additionals[0]
	require.Equal(t, dnsmessage.Class(DefaultUDPSize), opt.Header.Class)
	require.True(t, opt.Header.DNSSECAllowed())
	require.Equal(t, []dnsmessage.Option{{Code: optionCookie, Data: cookie}}, opt.Body.(*dnsmessage.OPTResource).Options)
}

func TestQueryWithoutEDNSHasNoOPT(t *testing.T) {
	msg, err := AppendQuery([]byte("prefix"), Query{ID: 7, Question: question(t, ".", resolve.TypeNS)})
	require.NoError(t, err)
	require.Equal(t, "prefix\x00\x07\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x01", string(msg))
}

func TestQueryRefusesWhatHasNoWireForm(t *testing.T) {
	for _, text := range []string{"192.0.2.1", "2001:db8::1", "fe80::1%eth0"} {
		_, err := AppendQuery(nil, Query{Question: question(t, text, resolve.TypeA)})
		require.ErrorIs(t, err, resolve.ErrName, text)
	}
	_, err := AppendQuery(nil, Query{Question: resolve.Question{Type: resolve.TypeA, Class: resolve.ClassINET}})
	require.ErrorIs(t, err, resolve.ErrName)
	for _, n := range []int{1, 7, 9, 15, 41} {
		_, err := AppendQuery(nil, Query{Question: question(t, "a", resolve.TypeA), EDNS: true, Cookie: make([]byte, n)})
		require.ErrorContains(t, err, "cookie of", n)
	}
}

func TestLargestQueryHasMaxQueryBytes(t *testing.T) {
	q := Query{Question: question(t, longName, resolve.TypeA), EDNS: true, Cookie: make([]byte, 40), DO: true, AD: true}
	dst := make([]byte, 0, MaxQueryBytes)
	msg, err := AppendQuery(dst, q)
	require.NoError(t, err)
	require.Len(t, msg, MaxQueryBytes)
	require.Zero(t, testing.AllocsPerRun(100, func() { _, _ = AppendQuery(dst, q) }))
}

func TestSmallUDPSizeIsRaised(t *testing.T) {
	msg, err := AppendQuery(nil, Query{Question: question(t, "a", resolve.TypeA), EDNS: true, UDPSize: 100})
	require.NoError(t, err)
	var m dnsmessage.Message
	require.NoError(t, m.Unpack(msg))
	require.Equal(t, dnsmessage.Class(MinUDPSize), m.Additionals[0].Header.Class)
}

func TestMaskSelectsTheCaseOfLetters(t *testing.T) {
	all := CaseMask{^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)}
	for _, c := range []struct {
		mask CaseMask
		want string
	}{
		{CaseMask{}, "w-1.example."},
		{CaseMask{1 << 0}, "W-1.example."},
		{CaseMask{0b1010000}, "w-1.ExAmple."},
		{all, "W-1.EXAMPLE."},
	} {
		msg, err := AppendQuery(nil, Query{Question: question(t, "w-1.example", resolve.TypeA), Mixed: &c.mask})
		require.NoError(t, err)
		var m dnsmessage.Message
		require.NoError(t, m.Unpack(msg))
		require.Equal(t, c.want, m.Questions[0].Name.String())
	}
	msg, err := AppendQuery(nil, Query{Question: question(t, longName, resolve.TypeA), Mixed: &all})
	require.NoError(t, err)
	require.Contains(t, string(msg), strings.Repeat("B", 61))
}
