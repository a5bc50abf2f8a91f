package strategy

import (
	"errors"
	"net"
	"net/netip"
	"strconv"

	"github.com/edgewise-go/edgewise/apps/internal/cli"
	"github.com/edgewise-go/edgewise/stream"
)

// ParseListenAddr parses the value of a flag -addr: "host:port" with a literal host, which may be empty for every interface, or "localhost".
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
		ip = netip.IPv6Unspecified()
	case "localhost":
		ip = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	default:
		if ip, err = netip.ParseAddr(host); err != nil {
			return netip.AddrPort{}, cli.Usagef("-addr %q: host %q is not an IP address", value, host)
		}
	}
	return netip.AddrPortFrom(ip, uint16(number)), nil
}

// Listen opens a listener for each loop of k on one address, for tasks. Several share the port (SO_REUSEPORT), between which the
// kernel spreads connections; a port of zero is chosen once. They serve IPv4 as well where the address is IPv6's unspecified one.
func (k *Kit) Listen(addr netip.AddrPort, config stream.ListenConfig) ([]*stream.Listener, error) {
	config.ReusePort = len(k.Places) > 1
	config.DualStack = addr.Addr() == netip.IPv6Unspecified()
	var listeners []*stream.Listener
	for _, p := range k.Places {
		l, err := stream.Listen(p.Loop.Tasks(), addr, config)
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
