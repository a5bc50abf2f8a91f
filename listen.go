package edgewise

import (
	"context"

	"github.com/edgewise-go/edgewise/stream"
)

// Listen listens on address, as net.Listen does. stream.ListenConfig documents networks, addresses
// and errors. ctx limits the resolution of a host name only.
//
// The Listener is a net.Listener, whose connections serve tasks and goroutines. Serve accepts from
// it in tasks.
func (s *Stack) Listen(ctx context.Context, network, address string) (*Listener, error) {
	return s.listenConfig().Listen(ctx, network, address)
}

// ListenPacket listens for datagrams on address, as net.ListenPacket does.
func (s *Stack) ListenPacket(ctx context.Context, network, address string) (*PacketConn, error) {
	return s.listenConfig().ListenPacket(ctx, network, address)
}

func (s *Stack) listenConfig() *stream.ListenConfig {
	c := &stream.ListenConfig{Waiter: s.waiter, Resolve: s.resolver.lookup, Options: s.options.Listen, PacketOptions: s.options.Packet}
	if c.Options.Exhausted == nil {
		c.Options.Exhausted = s.logExhausted
	}
	return c
}
