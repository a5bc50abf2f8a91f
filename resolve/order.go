package resolve

import (
	"cmp"
	"net/netip"
	"slices"
)

// Order selects how the addresses of a host are sorted before any connection attempt.
type Order uint8

const (
	// OrderRFC6724 sorts by the rules of RFC 6724, section 6. Rule 6: higher precedence in the
	// default policy table first. Rule 8: smaller scope first. Rule 10: otherwise the order of the
	// servers, IPv6 before IPv4.
	//
	// Rules 1, 2, 5 and 9 compare source addresses, and are applied if [Host.Source] is set.
	// Without it, the connecting code finds out whether an address can be reached. Rules 3, 4 and 7
	// are not applied.
	OrderRFC6724 Order = iota
	// OrderInterleave sorts as OrderRFC6724 does and then alternates the families, beginning with
	// that of the first address. See RFC 8305, section 4, with a First Address Family Count of 1.
	OrderInterleave
	// OrderAsGiven puts the IPv6 addresses first, then the IPv4 addresses, each in the order of the
	// servers.
	OrderAsGiven
)

// apply sorts addrs in place. The IPv6 addresses in addrs come first. source may be nil.
func (o Order) apply(addrs []netip.Addr, source func(netip.Addr) (netip.Addr, error)) {
	if o == OrderAsGiven {
		return
	}
	slices.SortStableFunc(addrs, func(a, b netip.Addr) int {
		return cmp.Or(cmp.Compare(policyOf(b).precedence, policyOf(a).precedence), cmp.Compare(scope(a), scope(b)))
	})
	if source != nil {
		applySources(addrs, source)
	}
	if o == OrderInterleave {
		interleave(addrs)
	}
}

// interleave is quadratic in the worst case, with at most 2*MaxAnswerAddrs addresses.
func interleave(addrs []netip.Addr) {
	for i := 1; i < len(addrs); i++ {
		want := !addrs[i-1].Is4()
		j := slices.IndexFunc(addrs[i:], func(a netip.Addr) bool { return a.Is4() == want })
		if j < 0 {
			return
		}
		next := addrs[i+j]
		copy(addrs[i+1:i+j+1], addrs[i:i+j])
		addrs[i] = next
	}
}

// policy is a line of the default policy table of RFC 6724, section 2.1.
type policy struct{ precedence, label int }

// policyOf returns the policy for a; the longest prefix decides.
func policyOf(a netip.Addr) policy {
	if a = a.WithZone(""); a.Is4() || a.Is4In6() {
		return policy{35, 4} // ::ffff:0:0/96
	}
	b := a.As16()
	switch {
	case a == netip.IPv6Loopback():
		return policy{50, 0}
	case b[0] == 0x20 && b[1] == 0x02: // 2002::/16, 6to4
		return policy{30, 2}
	case b[0] == 0x20 && b[1] == 0x01 && b[2] == 0 && b[3] == 0: // 2001::/32, Teredo
		return policy{5, 5}
	case b[0]&0xfe == 0xfc: // fc00::/7, unique local
		return policy{3, 13}
	case b[0] == 0x3f && b[1] == 0xfe: // 3ffe::/16, 6bone
		return policy{1, 12}
	case b[0] == 0xfe && b[1]&0xc0 == 0xc0: // fec0::/10, site-local
		return policy{1, 11}
	case [12]byte(b[:12]) == [12]byte{}: // ::/96, IPv4-compatible
		return policy{1, 3}
	}
	return policy{40, 1}
}

// scope returns the scope of a by RFC 6724, sections 3.1 and 3.2, with the values of RFC 4291,
// section 2.7.
func scope(a netip.Addr) int {
	const link, site, global = 0x2, 0x5, 0xe
	if a = a.WithZone(""); a.Is4() || a.Is4In6() {
		if a = a.Unmap(); a.IsLoopback() || a.IsLinkLocalUnicast() {
			return link
		}
		return global
	}
	b := a.As16()
	switch {
	case a.IsMulticast():
		return int(b[1] & 0x0f)
	case a.IsLoopback(), a.IsLinkLocalUnicast():
		return link
	case b[0] == 0xfe && b[1]&0xc0 == 0xc0:
		return site
	}
	return global
}
