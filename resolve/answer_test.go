package resolve

import (
	"net/netip"
	"slices"
	"testing"
)

func parseAddrs(texts ...string) (as []netip.Addr) {
	for _, s := range texts {
		as = append(as, netip.MustParseAddr(s))
	}
	return as
}

func TestAnAnswerSharesNoSlice(t *testing.T) {
	as, want := parseAddrs("192.0.2.1", "192.0.2.2"), parseAddrs("192.0.2.1", "192.0.2.2")
	a := NewAnswer(mustQuestion(t, "one.example", TypeA), as)
	as[0] = netip.IPv4Unspecified()
	a.AppendAddrs(nil)[1] = netip.IPv4Unspecified()
	host := HostAnswer{V4: a}
	host.Addrs()[0] = netip.IPv4Unspecified()
	if got := slices.Collect(a.All()); !slices.Equal(got, want) || !slices.Equal(host.Addrs(), want) {
		t.Errorf("got %v and %v, want %v", got, host.Addrs(), want)
	}
}

func TestAnAnswerIsBounded(t *testing.T) {
	var as []netip.Addr
	for i := range MaxAnswerAddrs + 1 {
		as = append(as, netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}))
	}
	q := mustQuestion(t, "one.example", TypeA)
	if a := NewAnswer(q, as[1:]); a.Truncated || a.Len() != MaxAnswerAddrs {
		t.Errorf("at the bound: got Len %d, Truncated %v", a.Len(), a.Truncated)
	}
	if a := NewAnswer(q, as); !a.Truncated || a.Len() != MaxAnswerAddrs || a.Addr(0) != as[0] {
		t.Errorf("beyond the bound: got Len %d, Truncated %v", a.Len(), a.Truncated)
	}
}

func TestAnAnswerKeepsToItsFamily(t *testing.T) {
	as := parseAddrs("192.0.2.1", "2001:db8::1", "::ffff:192.0.2.2")
	for typ, want := range map[Type][]netip.Addr{
		TypeA: parseAddrs("192.0.2.1", "192.0.2.2"), TypeAAAA: parseAddrs("2001:db8::1", "::ffff:192.0.2.2"),
	} {
		if got := NewAnswer(mustQuestion(t, "one.example", typ), as).AppendAddrs(nil); !slices.Equal(got, want) {
			t.Errorf("%v: got %v, want %v", typ, got, want)
		}
	}
}
