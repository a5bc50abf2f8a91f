package resolve

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// The examples of RFC 6724, section 10.2, that the default policy table decides, and the cases that
// other implementations got wrong.
func TestOrderWithSources(t *testing.T) {
	const none = ""
	for _, x := range []struct {
		name string
		want [][2]string // destination and source
	}{
		{"scope of the IPv4 source", [][2]string{{"2001:db8:1::1", "2001:db8:1::2"}, {"198.51.100.121", "169.254.13.78"}}},
		{"scope of the IPv6 source", [][2]string{{"198.51.100.121", "198.51.100.117"}, {"2001:db8:1::1", "fe80::1"}}},
		{"precedence", [][2]string{{"2001:db8:1::1", "2001:db8:1::2"}, {"10.1.2.3", "10.1.2.4"}}},
		{"smaller scope", [][2]string{{"fe80::1", "fe80::2"}, {"2001:db8:1::1", "2001:db8:1::2"}}},
		{"label", [][2]string{{"2002:c633:6401::1", "2002:c633:6401::2"}, {"2001:db8:1::1", "2002:c633:6401::2"}}},
		{"precedence with matching labels", [][2]string{{"2001:db8:1::1", "2001:db8:1::2"}, {"2002:c633:6401::1", "2002:c633:6401::2"}}},
		{"longest prefix", [][2]string{{"2001:db8:1::1", "2001:db8:1::2"}, {"2001:db8:3ffe::1", "2001:db8:3f44::2"}}},
		{"unique local", [][2]string{{"2001:db8::1", "2001:db8::2"}, {"198.51.100.1", "192.0.2.1"}, {"fd00::1", "fd00::2"}}},
		{"unique local source only", [][2]string{{"198.51.100.1", "10.0.0.1"}, {"2001:db8::1", "fd00::2"}}},
		{"no route", [][2]string{{"198.51.100.1", "192.0.2.1"}, {"2001:db8::1", none}}},
		{"loopback", [][2]string{{"::1", "::1"}, {"127.0.0.1", "127.0.0.1"}}},
		{"zone", [][2]string{{"fe80::1%eth0", "fe80::2%eth0"}, {"198.51.100.1", "192.0.2.1"}}},
	} {
		t.Run(x.name, func(t *testing.T) {
			var want []netip.Addr
			sources := map[netip.Addr]string{}
			for _, d := range x.want {
				dst := netip.MustParseAddr(d[0])
				want = append(want, dst)
				sources[dst] = d[1]
			}
			source := func(dst netip.Addr) (netip.Addr, error) {
				if sources[dst] == none {
					return netip.Addr{}, ErrNoSource
				}
				return netip.MustParseAddr(sources[dst]), nil
			}
			got := slices.Clone(want)
			for range len(got) {
				OrderRFC6724.apply(got, source)
				require.Equal(t, want, got)
				got = append(got[1:], got[0])
			}
		})
	}
}

// A source in 10/8 does not make a destination in 23/8 nearer than one in 54/8: rule 9 is not for
// IPv4 (go#13283).
func TestOrderKeepsIPv4(t *testing.T) {
	var want []netip.Addr
	for _, text := range []string{"54.83.193.112", "184.72.238.214", "23.23.172.185", "75.101.148.21"} {
		want = append(want, netip.MustParseAddr(text))
	}
	got := slices.Clone(want)
	OrderRFC6724.apply(got, func(netip.Addr) (netip.Addr, error) { return netip.MustParseAddr("10.2.3.4"), nil })
	require.Equal(t, want, got)
}

func TestPolicyAndScope(t *testing.T) {
	for _, x := range []struct {
		addr  string
		want  policy
		scope int
	}{
		{"127.0.0.1", policy{35, 4}, 2}, {"169.254.1.2", policy{35, 4}, 2}, {"8.8.8.8", policy{35, 4}, 14}, {"224.0.0.1", policy{35, 4}, 14},
		{"::ffff:8.8.8.8", policy{35, 4}, 14}, {"::1", policy{50, 0}, 2}, {"2601:645::1", policy{40, 1}, 14}, {"2002::ab12", policy{30, 2}, 14},
		{"2001::1", policy{5, 5}, 14}, {"3ffe::1", policy{1, 12}, 14}, {"fec0::1", policy{1, 11}, 5}, {"fd00::1", policy{3, 13}, 14},
		{"::8.8.8.8", policy{1, 3}, 14}, {"fe80::1%eth0", policy{40, 1}, 2},
		{"ff02::1", policy{40, 1}, 2}, {"ff04::1", policy{40, 1}, 4}, {"ff05::1", policy{40, 1}, 5}, {"ff0e::1", policy{40, 1}, 14},
	} {
		a := netip.MustParseAddr(x.addr)
		require.Equal(t, x.want, policyOf(a), x.addr)
		require.Equal(t, x.scope, scope(a), x.addr)
	}
}

func TestCommonBits(t *testing.T) {
	for _, x := range []struct {
		dst, src string
		want     int
	}{
		{"fe80::1", "fe80::2", 64}, {"fe81::1", "fe80::2", 15}, {"2001:db8::1", "2001:db8::1", 64}, {"2001:db8::1", "a001:db8::1", 0},
		{"10.1.2.3", "10.1.2.4", 0}, {"2001:db8:0:8000::1", "2001:db8::1", 48},
	} {
		require.Equal(t, x.want, commonBits(sourced{netip.MustParseAddr(x.dst), netip.MustParseAddr(x.src)}), "%v", x)
	}
}

func TestSelectProbes(t *testing.T) {
	var addrs []netip.Addr
	for i := range 40 {
		addrs = append(addrs, netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 15: byte(i)}))
	}
	for i := range 2 {
		addrs = append(addrs, netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}))
	}
	want := slices.Concat(addrs[:16], addrs[40:], addrs[16:40])
	require.Equal(t, 18, selectProbes(addrs))
	require.Equal(t, want, addrs)
}

func TestSourcesDoNotAllocate(t *testing.T) {
	addrs := []netip.Addr{netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("192.0.2.1")}
	source := func(dst netip.Addr) (netip.Addr, error) { return dst, nil }
	require.Zero(t, testing.AllocsPerRun(100, func() { OrderInterleave.apply(addrs, source) }))
}
