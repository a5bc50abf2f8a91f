package stream

import (
	"net"
	"net/netip"
)

// network is what the addresses and errors of this package call their network, but for unix-domain
// sockets.
const network = "tcp"

// networkUnix is the network of unix-domain sockets.
const networkUnix = "unix"

// netAddr makes the form that package net's interfaces want. It allocates, so it is made when asked
// for.
func netAddr(a netip.AddrPort) net.Addr { return net.TCPAddrFromAddrPort(a) }

func unixAddr(name string) net.Addr { return &net.UnixAddr{Name: name, Net: networkUnix} }

// networkOf returns the network of the first address that is known.
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
