//go:build unix

package stream

import (
	"errors"
	"net/netip"
	"os"
	"slices"
	"syscall"
	"testing"
)

// Without IPv6, or where it cannot serve IPv4 too, every interface means every IPv4 interface. A
// listen does not retry after another error, and does not replace a specific address.
func TestEveryInterfaceWithoutIPv6(t *testing.T) {
	const six, dual, four = "[::]:80", "[::]:80 and IPv4", "0.0.0.0:80"
	every := netip.AddrPortFrom(netip.Addr{}, 80)
	for _, c := range []struct {
		network string
		addr    netip.AddrPort
		six     error // the error of an attempt on IPv6
		tried   []string
		err     error
	}{
		{"tcp", every, nil, []string{dual}, nil},
		{"tcp", every, syscall.EAFNOSUPPORT, []string{dual, four}, nil},
		{"udp", every, syscall.EADDRNOTAVAIL, []string{dual, four}, nil},
		{"tcp", every, dualStackError{syscall.EINVAL}, []string{dual, four}, nil},
		{"tcp", every, syscall.EINVAL, []string{dual}, syscall.EINVAL},
		{"udp", every, syscall.EADDRINUSE, []string{dual}, syscall.EADDRINUSE},
		{"tcp", every, syscall.EACCES, []string{dual}, syscall.EACCES},
		{"tcp4", every, nil, []string{four}, nil},
		{"tcp6", every, nil, []string{six}, nil},
		{"udp6", every, syscall.EAFNOSUPPORT, []string{six}, syscall.EAFNOSUPPORT},
		{"tcp", netip.MustParseAddrPort(six), syscall.EAFNOSUPPORT, []string{six}, syscall.EAFNOSUPPORT},
		{"tcp", netip.MustParseAddrPort("[::1]:80"), syscall.EADDRNOTAVAIL, []string{"[::1]:80"}, syscall.EADDRNOTAVAIL},
		{"tcp", netip.MustParseAddrPort(four), nil, []string{four}, nil},
	} {
		var tried []string
		got, err := everywhere(place{network: c.network, addr: c.addr}, func(p place) (string, error) {
			name := p.addr.String()
			if p.dual {
				name += " and IPv4"
			}
			tried = append(tried, name)
			if p.addr.Addr().Is6() && c.six != nil {
				return "", os.NewSyscallError("socket", c.six)
			}
			return name, nil
		})
		if !slices.Equal(tried, c.tried) || !errors.Is(err, c.err) || (err == nil) != (got != "") {
			t.Errorf("%s %v where IPv6 fails with %v: tried %v, got %q, %v, want %v and %v", c.network, c.addr, c.six, tried, got, err, c.tried, c.err)
		}
	}
}
