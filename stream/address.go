package stream

import (
	"net"
	"net/netip"
)

// network is the network name in addresses and errors of this package, except for unix-domain
// sockets.
const network = "tcp"

// networkUnix is the network name of unix-domain sockets.
const networkUnix = "unix"

// netAddr converts a to a net.Addr. It allocates, so it runs only on demand.
func netAddr(a netip.AddrPort) net.Addr { return net.TCPAddrFromAddrPort(a) }

func unixAddr(name string) net.Addr { return &net.UnixAddr{Name: name, Net: networkUnix} }

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
