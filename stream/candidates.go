package stream

import "net/netip"

// candidate is an address that has not been tried yet.
type candidate struct {
	addr         netip.AddrPort
	selfConnects int // how often the socket connected to itself there
}

// Families, as candidates and filter index them. RFC 8305 prefers the first.
const (
	family6 = iota
	family4
	families
)

func familyOf(ip netip.Addr) int {
	if ip.Is4() {
		return family4
	}
	return family6
}

// candidates are addresses in the order of the attempts. The families alternate, and each keeps its
// own order (RFC 8305, section 4).
type candidates struct {
	queues [families][]candidate
	turn   int // the next family, if it has an address
}

// add appends one delivery of a resolver.
func (c *candidates) add(ips []netip.Addr, port uint16) {
	if c.len() == 0 && len(ips) > 0 {
		c.turn = familyOf(ips[0])
	}
	for _, ip := range ips {
		f := familyOf(ip)
		c.queues[f] = append(c.queues[f], candidate{addr: netip.AddrPortFrom(ip, port)})
	}
}

// inOrder appends addr to candidates that do not alternate.
func (c *candidates) inOrder(addr netip.AddrPort) {
	c.queues[0] = append(c.queues[0], candidate{addr: addr})
}

func (c *candidates) len() int { return len(c.queues[family6]) + len(c.queues[family4]) }

// next removes and returns the first candidate. At least one must exist.
func (c *candidates) next() candidate {
	f := c.turn
	if len(c.queues[f]) == 0 {
		f = families - 1 - f
	}
	first := c.queues[f][0]
	c.queues[f] = c.queues[f][1:]
	c.turn = families - 1 - f
	return first
}

// again puts a candidate from next back at the front.
func (c *candidates) again(first candidate) {
	f := familyOf(first.addr.Addr())
	c.queues[f] = append([]candidate{first}, c.queues[f]...)
	c.turn = f
}

// filter passes the addresses of a network that a local address can reach, up to the bound per
// family.
type filter struct {
	network string
	from    origin
	passed  [families]int

	mismatched bool // an address of the network was not one that from can reach
}

func (f *filter) pass(ips []netip.Addr) []netip.Addr {
	var pass []netip.Addr
	for _, ip := range ips {
		ip = ip.Unmap()
		family := familyOf(ip)
		if !ip.IsValid() || !inNetwork(f.network, family) || f.passed[family] == addressesMax {
			continue
		}
		if !f.from.reaches(ip) {
			f.mismatched = true
			continue
		}
		f.passed[family]++
		pass = append(pass, ip)
	}
	return pass
}

// none is the error of a host of which no address passed.
func (f *filter) none(host string) error {
	if f.mismatched {
		return noAddress(f.from.text)
	}
	return noAddress(host)
}

// inNetwork reports whether network, which ends with a digit or not, has the family.
func inNetwork(network string, family int) bool {
	switch network[len(network)-1] {
	case '4':
		return family == family4
	case '6':
		return family == family6
	}
	return true
}
