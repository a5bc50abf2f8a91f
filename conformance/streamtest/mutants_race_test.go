package streamtest

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

// hungDial is when a mutant ends what would hang. The defect makes the case fail eventually.
const hungDial = 100 * time.Millisecond

func impatient(d *stream.Dialer) {
	if d.Timeout == 0 {
		d.Timeout = hungDial
	}
}

// dialOptions changes the options of every dialer of a Fixture.
func dialOptions(change func(d *stream.Dialer)) func(f *Fixture) {
	return func(f *Fixture) {
		f.parts.dialer = func(d dialer) dialer {
			change(d.(*stream.Dialer))
			return d
		}
	}
}

type deliver = func(addrs []netip.Addr, more bool, err error)

// deliveries changes what the resolvers of a Fixture deliver to its dialers.
func deliveries(change func(under deliver) deliver) func(f *Fixture) {
	return dialOptions(func(d *stream.Dialer) {
		if under := d.ResolveParts; under != nil {
			impatient(d)
			d.ResolveParts = func(network, host string, to func([]netip.Addr, bool, error)) func() {
				return under(network, host, change(to))
			}
		}
	})
}

// connects changes how every dialer of a Fixture connects.
func connects(change func(d *stream.Dialer, ctx context.Context, addrs []netip.AddrPort) (*stream.Conn, error)) func(f *Fixture) {
	return dialers(func(b *brokenDialer) {
		under := b.dialer.(*stream.Dialer)
		b.connect = func(ctx context.Context, addrs ...netip.AddrPort) (*stream.Conn, error) {
			return change(under, ctx, addrs)
		}
	})
}

// namedErrors changes the errors of DialContext.
func namedErrors(change func(error) error) func(f *Fixture) {
	return dialers(func(b *brokenDialer) {
		b.dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := b.dialer.DialContext(ctx, network, address)
			return c, change(err)
		}
	})
}

func raceMutants() []mutant {
	return []mutant{
		broken("addresses are not raced", dialOptions(func(d *stream.Dialer) {
			d.AttemptDelay = -1
			impatient(d)
		}),
			"race/late-address"),
		broken("the next address is tried while the first one's attempt runs", connects(func(d *stream.Dialer, ctx context.Context, addrs []netip.AddrPort) (*stream.Conn, error) {
			if d.AttemptDelay < 0 {
				addrs = addrs[len(addrs)-1:]
			}
			return d.Connect(ctx, addrs...)
		}), "race/in-turn"),
		broken("a failure does not start the next attempt", connects(func(d *stream.Dialer, ctx context.Context, addrs []netip.AddrPort) (*stream.Conn, error) {
			if d.AttemptDelay == never {
				addrs = addrs[:1]
			}
			return d.Connect(ctx, addrs...)
		}), "race/failure-first"),
		broken("IPv4 addresses do not wait", dialOptions(func(d *stream.Dialer) { d.ResolutionDelay = -1 }), "race/no-ipv6-yet"),
		broken("a resolver is waited for to its end", deliveries(func(under deliver) deliver {
			var all []netip.Addr
			return func(addrs []netip.Addr, more bool, err error) {
				if all = append(all, addrs...); !more {
					under(all, false, err)
				}
			}
		}), "race/no-ipv4-yet"),
		broken("the end of a resolver is not noticed", deliveries(func(under deliver) deliver {
			return func(addrs []netip.Addr, _ bool, err error) { under(addrs, true, err) }
		}), "race/unresolved"),
		broken("the error of a resolver is not told", deliveries(func(under deliver) deliver {
			return func(addrs []netip.Addr, more bool, _ error) { under(addrs, more, nil) }
		}), "race/unresolved"),
		broken("a resolver is never canceled", dialOptions(func(d *stream.Dialer) {
			if under := d.ResolveParts; under != nil {
				d.ResolveParts = func(network, host string, to func([]netip.Addr, bool, error)) func() {
					under(network, host, to)
					return nil
				}
			}
		}), "race/canceled"),
		broken("both families are asked for", dialOptions(func(d *stream.Dialer) {
			if under := d.ResolveParts; under != nil {
				d.ResolveParts = func(_, host string, to func([]netip.Addr, bool, error)) func() { return under("ip", host, to) }
			}
		}), "race/one-family"),
		broken("errors come in the wrong order", namedErrors(func(err error) error {
			if joined, ok := err.(interface{ Unwrap() []error }); ok {
				all := slices.Clone(joined.Unwrap())
				slices.Reverse(all)
				return errors.Join(all...)
			}
			return err
		}), "race/families"),
		broken("a dial of a name that is late does not say so", namedErrors(func(err error) error {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				return errBroken
			}
			return err
		}), "race/deadline"),
		broken("a loser stays open", connects(func(d *stream.Dialer, ctx context.Context, addrs []netip.AddrPort) (*stream.Conn, error) {
			c, err := d.Connect(ctx, addrs...)
			if len(addrs) > 1 && err == nil {
				s, err := stream.OpenTCP(sys.IPv4)
				if err != nil {
					return nil, err
				}
				if _, err := d.Waiter.Register(s.Handle()); err != nil {
					return nil, err
				}
			}
			return c, err
		}), "race/dead-first"),
		broken("a race has a goroutine", connects(func(d *stream.Dialer, ctx context.Context, addrs []netip.AddrPort) (*stream.Conn, error) {
			var wg sync.WaitGroup
			defer wg.Wait()
			if len(addrs) > 1 {
				racing, cancel := context.WithCancel(context.Background())
				defer cancel()
				wg.Go(func() { <-racing.Done() })
			}
			return d.Connect(ctx, addrs...)
		}), "race/no-goroutine"),
		broken("attempts have no bound", connects(func(d *stream.Dialer, ctx context.Context, addrs []netip.AddrPort) (*stream.Conn, error) {
			if len(addrs) <= attemptsAtOnce {
				return d.Connect(ctx, addrs...)
			}
			for range attemptsAtOnce + 1 {
				s, err := stream.OpenTCP(sys.IPv4)
				if err != nil {
					return nil, err
				}
				defer s.Close()
				r, err := d.Waiter.Register(s.Handle())
				if err != nil {
					return nil, err
				}
				defer r.Close()
			}
			return d.Connect(ctx, addrs...)
		}), "race/bounds"),
		broken("what is no Selector is taken for one", dialOptions(func(d *stream.Dialer) {
			if s, ok := d.Waiter.(*spy); ok {
				d.Waiter = selectingSpy{s}
			}
		}), "dial/no-selector"),
	}
}

func outcomeMutants() []mutant {
	return []mutant{
		broken("a connect that is made is an error", sockets(func(s *brokenSocket) {
			s.finish = func() error {
				err := s.socket.FinishConnect()
				if err == nil {
					return errBroken
				}
				return err
			}
		}), "connect/connected"),
		broken("what cannot be reached is in progress", sockets(func(s *brokenSocket) {
			s.start = func(addr netip.AddrPort) error {
				err := s.socket.StartConnect(addr)
				if sys.ClassOf(err) == sys.ClassUnreachable || slices.Contains(unreachableElsewhere, err) {
					return nil
				}
				return err
			}
		}), "connect/unreachable"),
		broken("a signal ends a dial", connects(func(d *stream.Dialer, ctx context.Context, addrs []netip.AddrPort) (*stream.Conn, error) {
			// Signals go to the whole process, which proves several mutants at once. Only the case
			// about signals dials like this.
			if _, limited := ctx.Deadline(); limited || len(addrs) > 1 {
				return d.Connect(ctx, addrs...)
			}
			signals := make(chan os.Signal, 1)
			signal.Notify(signals, interruption)
			defer signal.Stop(signals)
			c, err := d.Connect(ctx, addrs...)
			select {
			case <-signals:
				return nil, syscall.EINTR
			default:
			}
			return c, err
		}), "dial/signals"),
	}
}
