package resolve

import "net/netip"

// IsPublic reports whether addr is a unicast address that the whole Internet may use. These are
// not: the unspecified, loopback, link-local, private, shared (100.64.0.0/10, RFC 6598), unique
// local, site-local, multicast and reserved addresses, and 0.0.0.0/8, which Linux connects to the
// local host.
//
// An IPv6 address that carries an IPv4 address is judged by both: IPv4-in-IPv6, IPv4-compatible,
// IPv4-translated (RFC 2765), 6to4 (RFC 3056) and NAT64 (RFC 6052, RFC 8215) addresses.
func IsPublic(addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	if !addr.IsValid() || !addr.IsGlobalUnicast() || addr.IsPrivate() {
		return false
	}
	if addr.Is4() {
		return isPublic4(addr.As4())
	}
	b := addr.As16()
	if b[0] == 0xfe && b[1]&0xc0 == 0xc0 { // fec0::/10, site-local
		return false
	}
	if embedded, ok := embedded4(b); ok {
		return IsPublic(netip.AddrFrom4(embedded))
	}
	return true
}

func isPublic4(b [4]byte) bool {
	switch {
	case b[0] == 0, // "this network"
		b[0] == 100 && b[1]&0xc0 == 64,
		b[0] == 192 && b[1] == 0 && b[2] == 0, // RFC 6890
		b[0] == 198 && b[1]&0xfe == 18,        // benchmarks, RFC 2544
		b[0] >= 240:
		return false
	}
	return true
}

// embedded4 returns the IPv4 address that an IPv6 address carries.
func embedded4(b [16]byte) ([4]byte, bool) {
	last := [4]byte(b[12:])
	switch {
	case [12]byte(b[:12]) == [12]byte{}, // ::/96, IPv4-compatible
		[12]byte(b[:12]) == [12]byte{8: 0xff, 9: 0xff},    // ::ffff:0:0:0/96, IPv4-translated
		[12]byte(b[:12]) == [12]byte{0, 0x64, 0xff, 0x9b}: // 64:ff9b::/96, NAT64
		return last, true
	case [6]byte(b[:6]) == [6]byte{0, 0x64, 0xff, 0x9b, 0, 1}: // 64:ff9b:1::/48, local NAT64
		return [4]byte{}, true // not public, whatever the length of the prefix in it
	case b[0] == 0x20 && b[1] == 0x02: // 2002::/16, 6to4
		return [4]byte(b[2:6]), true
	}
	return [4]byte{}, false
}
