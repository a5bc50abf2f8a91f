package edgewise

import (
	"context"
	"net"
	"strings"
)

// Dial connects to address, as DialContext does without a context.
func (s *Stack) Dial(network, address string) (net.Conn, error) {
	return s.DialContext(context.Background(), network, address)
}

// DialContext connects to address, as net.Dialer.DialContext does, and returns a *Conn or a
// *PacketConn. It resolves host names by the Resolver of s and races their addresses (RFC 8305).
// stream.Dialer.DialContext documents networks, addresses and errors.
//
// DialContext fits http.Transport.DialContext, pgx's DialFunc and go-redis' Dialer.
func (s *Stack) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return s.dialer.DialContext(ctx, network, address)
}

// DialAddress connects to address in network "tcp", or in "unix" if address begins with "unix:". It
// fits grpc.WithContextDialer.
func (s *Stack) DialAddress(ctx context.Context, address string) (net.Conn, error) {
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		return s.DialContext(ctx, "unix", strings.TrimPrefix(path, "//"))
	}
	return s.DialContext(ctx, "tcp", address)
}
