package stream

import (
	"net"
	"net/netip"

	"github.com/edgewise-go/edgewise/sys"
)

// origin is the local address of a dial. Its zero value lets the kernel choose.
type origin struct {
	ip   netip.Addr // not valid if any address of this machine will do
	port uint16
	name string // of a unix-domain socket
	text string // as package net writes it in errors
}

// originOf returns the local address addr for a dial in network.
func originOf(network string, addr net.Addr) (origin, error) {
	if addr == nil {
		return origin{}, nil
	}
	switch a := addr.(type) {
	case *net.TCPAddr:
		if network[0] == 't' {
			if a == nil {
				return origin{}, nil
			}
			return originAt(a.IP, a.Zone, a.Port, a)
		}
	case *net.UDPAddr:
		if network[:2] == "ud" {
			if a == nil {
				return origin{}, nil
			}
			return originAt(a.IP, a.Zone, a.Port, a)
		}
	case *net.UnixAddr:
		if a == nil {
			break
		}
		if a.Net == network {
			return origin{name: a.Name}, nil
		}
	}
	return origin{}, &net.AddrError{Err: "mismatched local address type", Addr: addr.String()}
}

func originAt(ip net.IP, zone string, port int, addr net.Addr) (origin, error) {
	o := origin{port: uint16(port), text: addr.String()}
	if int(o.port) != port {
		return origin{}, &net.AddrError{Err: "invalid port", Addr: o.text}
	}
	if len(ip) == 0 {
		return o, nil
	}
	given, ok := netip.AddrFromSlice(ip)
	if !ok {
		return origin{}, &net.AddrError{Err: "invalid IP address", Addr: o.text}
	}
	if given = given.Unmap(); !given.IsUnspecified() {
		o.ip = given.WithZone(zone)
	}
	return o, nil
}

// reaches reports whether a socket with this local address can connect to ip. An unspecified ip
// takes the family of the local address.
func (o origin) reaches(ip netip.Addr) bool {
	return !o.ip.IsValid() || ip.IsUnspecified() || familyOf(ip) == familyOf(o.ip)
}

// peer returns addr in the family of the local address.
func (o origin) peer(addr netip.AddrPort) netip.AddrPort {
	if !o.ip.IsValid() || familyOf(addr.Addr()) == familyOf(o.ip) {
		return addr
	}
	return netip.AddrPortFrom(unspecified(familyOf(o.ip)), addr.Port())
}

// bind gives s its local address, if one was requested, before it connects to peer.
func (o origin) bind(s *Socket, peer netip.Addr) error {
	ip := o.ip
	if !ip.IsValid() {
		if o.port == 0 {
			return nil
		}
		ip = unspecified(familyOf(peer.Unmap()))
	}
	return s.Bind(netip.AddrPortFrom(ip, o.port))
}

func unspecified(family int) netip.Addr {
	if family == family4 {
		return netip.IPv4Unspecified()
	}
	return netip.IPv6Unspecified()
}

func (o origin) bindUnix(s *Socket) error {
	if o.name == "" {
		return nil
	}
	return s.do(func(h sys.Handle) error { return sys.BindUnix(h, o.name) })
}
