package stream

import (
	"net"
	"net/netip"

	"github.com/edgewise-go/edgewise/sys"
)

// network is the network name in addresses and errors of this package, except for unix-domain
// sockets.
const network = "tcp"

// The network names of unix-domain streams and of unix-domain records.
const (
	networkUnix       = "unix"
	networkUnixpacket = "unixpacket"
)

// netAddr converts a to a net.Addr. It allocates, so it runs only on demand.
func netAddr(a netip.AddrPort) net.Addr { return net.TCPAddrFromAddrPort(a) }

// familyNetwork returns the network name of a family, such as "tcp4".
func familyNetwork(network string, f sys.Family) string {
	if f == sys.IPv4 {
		return network + "4"
	}
	return network + "6"
}

// version is the digit at the end of the network that a connection or a listener was opened in, or
// zero without one. Errors contain it.
type version byte

func versionOf(network string) version {
	switch last := network[len(network)-1]; last {
	case '4', '6':
		return version(last)
	}
	return 0
}

func (v version) network() string {
	switch v {
	case '4':
		return "tcp4"
	case '6':
		return "tcp6"
	}
	return network
}

// networkOf returns the network of the first address that is not nil.
func networkOf(addrs ...net.Addr) string {
	for _, a := range addrs {
		if a != nil {
			return a.Network()
		}
	}
	return network
}

// ends are the addresses of a connection that is not TCP.
type ends struct{ local, remote net.Addr }
