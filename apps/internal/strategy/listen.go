package strategy

import (
	"errors"
	"net"
	"net/netip"
	"strconv"

	"github.com/edgewise-go/edgewise/apps/internal/cli"
	"github.com/edgewise-go/edgewise/stream"
)

// ParseListenAddr parses the value of a flag -addr: "host:port" with a literal host, an empty host
// for every interface, or "localhost". An empty host becomes the zero netip.Addr, which Listen
// accepts.
func ParseListenAddr(value string) (netip.AddrPort, error) {
	host, port, err := net.SplitHostPort(value)
	if err != nil {
		return netip.AddrPort{}, cli.Usagef("-addr %q: want host:port: %w", value, err)
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return netip.AddrPort{}, cli.Usagef("-addr %q: port %q is not a number up to 65535", value, port)
	}
	var ip netip.Addr
	switch host {
	case "":
	case "localhost":
		ip = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	default:
		if ip, err = netip.ParseAddr(host); err != nil {
			return netip.AddrPort{}, cli.Usagef("-addr %q: host %q is not an IP address", value, host)
		}
	}
	return netip.AddrPortFrom(ip, uint16(number)), nil
}

// Listen opens a listener for tasks on one address, for each loop of k. Several listeners share the
// port (SO_REUSEPORT), and the kernel spreads connections over them. A port of zero is chosen once.
// On the unspecified IPv6 address they serve IPv4 too.
//
// The zero netip.Addr means every interface, with both families, or only IPv4 on a system without
// IPv6.
func (k *Kit) Listen(addr netip.AddrPort, config stream.ListenOptions) ([]*stream.Listener, error) {
	config.ReusePort = len(k.Places) > 1
	var listeners []*stream.Listener
	for _, p := range k.Places {
		config.DualStack = addr.Addr() == netip.IPv6Unspecified()
		l, err := stream.Listen(p.Loop.Waiter(), addr, config)
		if err != nil {
			for _, l := range listeners {
				err = errors.Join(err, l.Close())
			}
			return nil, err
		}
		listeners = append(listeners, l)
		addr = l.AddrPort()
	}
	return listeners, nil
}
