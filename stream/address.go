package stream

import (
	"net"
	"net/netip"
)

// network is what the addresses and errors of this package call their network.
const network = "tcp"

// netAddr makes the form that package net's interfaces want. It allocates, so it is made when asked for.
func netAddr(a netip.AddrPort) net.Addr { return net.TCPAddrFromAddrPort(a) }
