package streamtest

import (
	"context"
	"net"
	"strings"

	"github.com/edgewise-go/edgewise/stream"
)

// brokenListenConfig is correct except for the functions that are set.
type brokenListenConfig struct {
	*stream.ListenConfig
	listen  func(ctx context.Context, network, address string) (*stream.Listener, error)
	packets func(ctx context.Context, network, address string) (*stream.PacketConn, error)
}

func (b *brokenListenConfig) Listen(ctx context.Context, network, address string) (*stream.Listener, error) {
	if b.listen != nil {
		return b.listen(ctx, network, address)
	}
	return b.ListenConfig.Listen(ctx, network, address)
}

func (b *brokenListenConfig) ListenPacket(ctx context.Context, network, address string) (*stream.PacketConn, error) {
	if b.packets != nil {
		return b.packets(ctx, network, address)
	}
	return b.ListenConfig.ListenPacket(ctx, network, address)
}

func listenConfigs(change func(b *brokenListenConfig)) func(f *Fixture) {
	return func(f *Fixture) {
		f.parts.listenConfig = func(c *stream.ListenConfig) listenConfig {
			b := &brokenListenConfig{ListenConfig: c}
			change(b)
			return b
		}
	}
}

// listensAs changes the network and the address of each Listen.
func listensAs(change func(network, address string) (string, string)) func(f *Fixture) {
	return listenConfigs(func(b *brokenListenConfig) {
		b.listen = func(ctx context.Context, network, address string) (*stream.Listener, error) {
			network, address = change(network, address)
			return b.ListenConfig.Listen(ctx, network, address)
		}
	})
}

func listenConfigMutants() []mutant {
	return []mutant{
		broken("an empty host is the loopback interface", listensAs(func(network, address string) (string, string) {
			if strings.HasPrefix(address, ":") {
				address = "127.0.0.1" + address
			}
			return network, address
		}), "listen/addresses"),
		broken("an empty host is the loopback interface for datagrams", listenConfigs(func(b *brokenListenConfig) {
			b.packets = func(ctx context.Context, network, address string) (*stream.PacketConn, error) {
				if strings.HasPrefix(address, ":") {
					address = "127.0.0.1" + address
				}
				return b.ListenConfig.ListenPacket(ctx, network, address)
			}
		}), "packet/listen-addresses"),
		broken("tcp6 serves IPv4", listensAs(func(network, address string) (string, string) {
			if network == "tcp6" && strings.HasPrefix(address, ":") {
				network = "tcp"
			}
			return network, address
		}), "listen/every-interface"),
		broken("a name is its first address", listenConfigs(func(b *brokenListenConfig) {
			b.listen = func(ctx context.Context, network, address string) (*stream.Listener, error) {
				host, port, err := net.SplitHostPort(address)
				if err == nil && b.Resolve != nil {
					if ips, err := b.Resolve(ctx, host); err == nil {
						address = net.JoinHostPort(ips[0].String(), port)
					}
				}
				return b.ListenConfig.Listen(ctx, network, address)
			}
		}), "listen/names"),
		broken("a group is an address like any other", listenConfigs(func(b *brokenListenConfig) {
			b.packets = func(ctx context.Context, network, address string) (*stream.PacketConn, error) {
				_, port, err := net.SplitHostPort(address)
				if err == nil && strings.HasPrefix(address, "224.") {
					address = "0.0.0.0:" + port
				}
				return b.ListenConfig.ListenPacket(ctx, network, address)
			}
		}), "listen/groups"),
	}
}
