package stream

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"syscall"

	"github.com/edgewise-go/edgewise/sys"
)

// place is the address at which a socket listens or receives.
type place struct {
	network string         // as in errors; a digit at its end selects the family
	addr    netip.AddrPort // with the zero Addr: every interface
	name    net.Addr       // as in errors and in calls of Control
	dual    bool           // the IPv6 address stands for IPv4 too
	group   bool           // a multicast group, whose port sockets share
}

func (p place) family() sys.Family { return sys.FamilyOf(p.addr.Addr()) }

// controlNetwork is the network of a call of Control.
func (p place) controlNetwork() string {
	if versionOf(p.network) != 0 {
		return p.network
	}
	return familyNetwork(p.network, p.family())
}

func (p place) failed(err error) error {
	return &net.OpError{Op: "listen", Net: p.network, Addr: p.name, Err: err}
}

// limit sets which families an IPv6 socket at p serves.
func (p place) limit(h sys.Handle, dual bool) error {
	if p.family() != sys.IPv6 {
		return nil
	}
	err := sys.SetV6Only(h, !dual && !p.dual)
	if err != nil && p.dual {
		return dualStackError{os.NewSyscallError("setsockopt", err)}
	}
	return err
}

// dualStackError reports that an IPv6 socket cannot serve IPv4. OpenBSD and DragonFly never let it.
type dualStackError struct{ error }

func (e dualStackError) Unwrap() error { return e.error }

// everywhere opens a socket by calling open with an address that p denotes. Without an IP, p
// denotes every interface.
func everywhere[S any](p place, open func(place) (S, error)) (S, error) {
	if p.addr.Addr().IsValid() {
		return open(p)
	}
	port := p.addr.Port()
	if v := versionOf(p.network); v != '4' {
		p.dual = v == 0
		p.addr = netip.AddrPortFrom(netip.IPv6Unspecified(), port)
		s, err := open(p)
		if err == nil || v == '6' || !lacksFamily(err) {
			return s, err
		}
		p.dual = false
	}
	p.addr = netip.AddrPortFrom(netip.IPv4Unspecified(), port)
	return open(p)
}

// lacksFamily reports whether opening a socket failed because the system has no IPv6, or none that
// serves IPv4 too. socket(2) returns EAFNOSUPPORT if the kernel lacks IPv6; bind(2) returns
// EADDRNOTAVAIL if the interfaces do (ipv6(7)).
func lacksFamily(err error) bool {
	var dual dualStackError
	return sys.ClassOf(err) == sys.ClassUnsupported || errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, wsaAddrNotAvailable) || errors.As(err, &dual)
}

// wsaAddrNotAvailable is EADDRNOTAVAIL on Windows (WSAEADDRNOTAVAIL). No other system uses the
// number.
const wsaAddrNotAvailable = syscall.Errno(10049)
