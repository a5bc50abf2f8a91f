package streamtest

import (
	"context"
	"net"
	"net/netip"
	"syscall"
	"time"

	"github.com/edgewise-go/edgewise/stream"
)

// dialerFields changes the fields of every Dialer. Those fields are the options of the case.
func dialerFields(change func(d *stream.Dialer)) func(f *Fixture) {
	return func(f *Fixture) {
		f.parts.dialer = func(d dialer) dialer {
			changed := *d.(*stream.Dialer)
			change(&changed)
			return &changed
		}
	}
}

func dialOptionMutants() []mutant {
	return []mutant{
		broken("the local address is left to the kernel", dialerFields(func(d *stream.Dialer) { d.LocalAddr = nil }), "dial/local-address"),
		broken("the local port is left to the kernel", dialerFields(func(d *stream.Dialer) {
			if a, ok := d.LocalAddr.(*net.UDPAddr); ok && a != nil {
				d.LocalAddr = &net.UDPAddr{IP: a.IP}
			}
		}), "packet/local-address"),
		broken("Control does not know the family", dialerFields(func(d *stream.Dialer) {
			if under := d.Control; under != nil {
				d.Control = func(network, address string, c syscall.RawConn) error { return under(network[:3], address, c) }
			}
		}), "dial/control"),
		broken("Control cannot refuse", dialerFields(func(d *stream.Dialer) {
			if under := d.Control; under != nil {
				d.Control = func(network, address string, c syscall.RawConn) error {
					under(network, address, c)
					return nil
				}
			}
		}), "dial/control"),
		broken("ControlContext is one of several", dialerFields(func(d *stream.Dialer) {
			if d.Control != nil && d.ControlContext != nil {
				d.ControlContext = nil
			}
		}), "dial/control"),
		broken("listeners are not controlled", listenConfigs(func(b *brokenListenConfig) { b.Options.Control = nil }), "listen/control"),
		broken("sockets for datagrams are not controlled", listenConfigs(func(b *brokenListenConfig) { b.PacketOptions.Control = nil }), "packet/control"),
		broken("dialed connections have no keep-alive", dialerFields(func(d *stream.Dialer) {
			if d.KeepAlive == 0 && !d.KeepAliveConfig.Enable {
				d.KeepAlive = -1
			}
		}), "options/keep-alive-default"),
		broken("keep-alive cannot be turned off", dialerFields(func(d *stream.Dialer) { d.KeepAlive = max(d.KeepAlive, 0) }), "options/keep-alive-default"),
		broken("probes come every second", dialerFields(func(d *stream.Dialer) {
			d.KeepAliveConfig.Interval = time.Second
		}), "options/keep-alive-default"),
		broken("broadcast addresses are refused", dialers(func(d *brokenDialer) {
			d.dial = func(ctx context.Context, network, address string) (net.Conn, error) {
				if a, err := netip.ParseAddrPort(address); err == nil && a.Addr() == netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
					return nil, syscall.EACCES
				}
				return d.dialer.DialContext(ctx, network, address)
			}
		}), "packet/broadcast"),
	}
}
