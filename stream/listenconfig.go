package stream

import (
	"context"
	"net"
	"net/netip"

	"github.com/edgewise-go/edgewise/sys"
)

// ListenConfig listens on addresses as package net writes them. It is the counterpart of [Dialer].
// Waiter must be set, or a listen returns [ErrNoWaiter]; all other fields may be zero. Any number
// of callers may use its methods at once. Its fields must not change meanwhile.
//
// The methods take the networks and addresses that net.Listen and net.ListenPacket take:
//
//   - In networks of TCP and UDP, an address is "host:port". The digit at the end of a network such
//     as "tcp4" restricts the family.
//   - An empty host, "0.0.0.0" and "[::]" mean every interface. Without a digit, the socket serves
//     IPv6 and IPv4, or IPv4 alone if the system has no IPv6 or cannot serve both by one socket.
//   - A host name is resolved through Resolve. Of its addresses the first of IPv4 is used, or the
//     first of all.
//   - An empty port is zero, and the kernel then chooses the port. A port may be the name of a
//     service, as for [Dialer.DialContext].
//   - In networks "unix", "unixpacket" and "unixgram", an address is a name as [ListenUnix] takes
//     it.
//
// An error is a *net.OpError with the text that package net has for the same cause.
type ListenConfig struct {
	// Waiter suspends the callers of the listener, or of the PacketConn.
	Waiter Waiter

	// Resolve looks up host names. Without it, only literal addresses work.
	Resolve Resolve

	// Options are those of Listen. Network and address replace DualStack.
	Options ListenOptions

	// PacketOptions are those of ListenPacket. Network and address replace DualStack. As in package
	// net, a UDP socket may always send to broadcast addresses.
	PacketOptions PacketOptions
}

// Listen listens on address in a network of TCP, or in "unix" or "unixpacket". ctx bounds only the
// lookup of a host name.
func (c *ListenConfig) Listen(ctx context.Context, network, address string) (*Listener, error) {
	switch network {
	case networkUnix, networkUnixpacket:
		return c.Options.listenUnix(c.Waiter, network, address)
	}
	p, err := c.place(ctx, network, address)
	if err != nil {
		return nil, err
	}
	if _, ok := p.name.(*net.TCPAddr); !ok {
		return nil, p.failed(unexpected(address))
	}
	options := c.Options
	options.DualStack = false
	return options.listen(c.Waiter, p)
}

// ListenPacket opens a socket for datagrams at address in a network of UDP, or in "unixgram". ctx
// bounds only the lookup of a host name.
//
// If address is a multicast group, the socket is bound to every interface and shares the port with
// other sockets of groups. It does not join the group.
func (c *ListenConfig) ListenPacket(ctx context.Context, network, address string) (*PacketConn, error) {
	if network == networkUnixgram {
		return ListenUnixgram(c.Waiter, address, c.PacketOptions)
	}
	p, err := c.place(ctx, network, address)
	if err != nil {
		return nil, err
	}
	if _, ok := p.name.(*net.UDPAddr); !ok {
		return nil, p.failed(unexpected(address))
	}
	if ip := p.addr.Addr(); ip.IsMulticast() {
		p.addr, p.group = netip.AddrPortFrom(unspecified(familyOf(ip)), p.addr.Port()), true
	}
	options := c.PacketOptions
	options.DualStack, options.Broadcast = false, true
	return options.listen(c.Waiter, p)
}

// place returns what address denotes in network.
func (c *ListenConfig) place(ctx context.Context, network, address string) (place, error) {
	p := place{network: network}
	switch network {
	case "tcp", "tcp4", "tcp6", "udp", "udp4", "udp6":
	case networkUnix, networkUnixpacket, networkUnixgram:
		p.name = &net.UnixAddr{Name: address, Net: network}
		return p, nil
	default:
		return place{}, p.failed(net.UnknownNetworkError(network))
	}
	ip, port, err := c.address(ctx, network, address)
	if err != nil {
		return place{}, p.failed(err)
	}
	p.addr = netip.AddrPortFrom(ip, port)
	if p.name = netAddr(p.addr); network[0] == 'u' {
		p.name = net.UDPAddrFromAddrPort(p.addr)
	}
	if ip.IsUnspecified() {
		p.addr = netip.AddrPortFrom(netip.Addr{}, port)
	}
	return p, nil
}

// address returns the IP and the port of an address of TCP or UDP. The IP is the zero Addr if the
// host is empty.
func (c *ListenConfig) address(ctx context.Context, network, address string) (ip netip.Addr, port uint16, err error) {
	if address == "" {
		return ip, 0, nil
	}
	host, port, err := splitAddress(ctx, network, address)
	if err != nil || host == "" {
		return ip, port, err
	}
	f := filter{network: network}
	ips, err := f.addresses(ctx, host, c.lookup)
	if err != nil {
		return ip, 0, err
	}
	for _, ip := range ips {
		if ip.Is4() {
			return ip, port, nil
		}
	}
	return ips[0], port, nil
}

func (c *ListenConfig) lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	if c.Resolve == nil {
		return nil, noResolver(host, "ListenConfig.Resolve")
	}
	return c.Resolve(ctx, host)
}

func unexpected(address string) error {
	return &net.AddrError{Err: "unexpected address type", Addr: address}
}

// shareGroup lets sockets share the port of a multicast group.
func shareGroup(h sys.Handle) error {
	if err := sys.SetReuseAddr(h, true); err != nil || !groupsNeedReusePort {
		return err
	}
	return sys.SetReusePort(h, true)
}
