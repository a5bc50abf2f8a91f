package resolve

import (
	"cmp"
	"errors"
	"math/bits"
	"net/netip"
	"slices"
)

// MaxSourceProbes bounds the calls of [Host.Source] for one list of addresses, half of them per
// family. The addresses beyond it follow the others.
const MaxSourceProbes = 32

// ErrNoSource means that the machine has no source address for a destination: it cannot reach it.
var ErrNoSource error = &sentinel{text: "no source address"}

// sourced is a destination and the source address that the system would use for it. src is invalid
// if there is none.
type sourced struct{ dst, src netip.Addr }

// applySources sorts addrs by the rules that need a source address. The addresses are already
// sorted by the other rules. If a source cannot be found out, they keep that order: a comparison of
// known with unknown sources would not be transitive.
func applySources(addrs []netip.Addr, source func(netip.Addr) (netip.Addr, error)) {
	if len(addrs) < 2 {
		return
	}
	var list [MaxSourceProbes]sourced
	probed := selectProbes(addrs)
	for i, dst := range addrs[:probed] {
		src, err := source(dst)
		if err != nil && !errors.Is(err, ErrNoSource) {
			return
		}
		if err == nil {
			list[i].src = src.Unmap()
		}
		list[i].dst = dst
	}
	slices.SortStableFunc(list[:probed], compareSourced)
	for i := range probed {
		addrs[i] = list[i].dst
	}
}

// selectProbes moves the addresses to probe to the front, in their order, and returns their number.
// One family must not use up all probes: it may be the one without a route.
func selectProbes(addrs []netip.Addr) int {
	if len(addrs) <= MaxSourceProbes {
		return len(addrs)
	}
	var n4, n6, n int
	for i, a := range addrs {
		count := &n6
		if a.Is4() {
			count = &n4
		}
		if *count == MaxSourceProbes/2 {
			continue
		}
		*count++
		copy(addrs[n+1:i+1], addrs[n:i])
		addrs[n] = a
		n++
	}
	return n
}

// compareSourced implements the rules of RFC 6724, section 6, with their numbers. The system does
// not report what rules 3, 4 and 7 need: whether a source address is deprecated or a home address,
// and whether a route is a tunnel. Rule 10 is the stable sort.
func compareSourced(a, b sourced) int {
	if a.src.IsValid() != b.src.IsValid() { // 1: avoid unusable destinations
		return prefer(a.src.IsValid())
	}
	if !a.src.IsValid() {
		return 0
	}
	// 2: prefer matching scope
	if x, y := scope(a.dst) == scope(a.src), scope(b.dst) == scope(b.src); x != y {
		return prefer(x)
	}
	// 5: prefer matching label
	if x, y := policyOf(a.dst).label == policyOf(a.src).label, policyOf(b.dst).label == policyOf(b.src).label; x != y {
		return prefer(x)
	}
	return cmp.Or(
		cmp.Compare(policyOf(b.dst).precedence, policyOf(a.dst).precedence), // 6: prefer higher precedence
		cmp.Compare(scope(a.dst), scope(b.dst)),                             // 8: prefer smaller scope
		cmp.Compare(commonBits(b), commonBits(a)),                           // 9: longest matching prefix
	)
}

func prefer(first bool) int {
	if first {
		return -1
	}
	return 1
}

// commonBits returns the length of the prefix that source and destination have in common, without
// the interface part, as if its prefix length were 64. It is 0 for IPv4: behind a network address
// translator, the source says nothing about the distance of the destination.
func commonBits(s sourced) int {
	if s.dst.Is4() {
		return 0
	}
	a, b := s.dst.As16(), s.src.As16()
	n := 0
	for i := range 8 {
		x := bits.LeadingZeros8(a[i] ^ b[i])
		n += x
		if x < 8 {
			break
		}
	}
	return n
}
