package sys

import "net/netip"

// Family is an address family.
type Family uint8

// The families.
const (
	IPv4 Family = iota
	IPv6
)

// FamilyOf returns the address family of a socket that can use addr. An IPv4 address mapped into
// IPv6 counts as IPv4: the functions that take addresses unmap it.
func FamilyOf(addr netip.Addr) Family {
	if addr.Unmap().Is4() {
		return IPv4
	}
	return IPv6
}

// How selects the direction of a connection that Shutdown ends.
type How uint8

// The directions that Shutdown ends.
const (
	ShutReading How = iota
	ShutWriting
	ShutBoth
)
