package streamtest

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

// signalsWhileDialing is how many signals the process gets while a case dials.
const signalsWhileDialing = 50

// unreachableElsewhere is the error of systems other than Linux for a TCP connection to a group.
var unreachableElsewhere = []error{syscall.EAFNOSUPPORT, syscall.EADDRNOTAVAIL, syscall.EINVAL}

func outcomeCases() []Case {
	return []Case{
		{
			ID: "connect/connected", Doc: "stream.Socket.StartConnect",
			Rule: "StartConnect to a listener returns nil or sys.ErrWouldBlock. FinishConnect then returns nil, once.",
			Run: in(func(w *world) {
				l := w.listenNet()
				s := w.fresh()
				err := s.StartConnect(listenerAddr(l))
				if err != nil && err != sys.ErrWouldBlock {
					w.Fatalf("start: %v", err)
				}
				for err == sys.ErrWouldBlock {
					w.ready(s.Handle(), sys.PollOut)
					err = s.FinishConnect()
				}
				w.check(err, "finish")
				if err := s.FinishConnect(); err != stream.ErrNotConnecting {
					w.Errorf("FinishConnect after the outcome: %v", err)
				}
				peer, err := l.Accept()
				w.check(err, "peer's accept")
				w.own(peer)
				n, err := s.TryWrite([]byte("made"))
				if n != 4 || err != nil {
					w.Errorf("write: %d, %v", n, err)
				}
			}),
		},
		{
			ID: "connect/unreachable", Doc: "stream.Socket.StartConnect",
			Rule: "A connect to an unreachable address fails with the error of the kernel, ENETUNREACH on Linux. A dial then tries the next address.",
			Run: in(func(w *world) {
				for _, group := range []netip.Addr{group4[0], group6[0]} {
					raw, err := stream.OpenTCP(sys.FamilyOf(group))
					if errors.Is(err, syscall.EAFNOSUPPORT) {
						continue
					}
					w.check(err, "open")
					s := w.f.parts.newSocket(&raw)
					w.own(s)
					err = w.connectSocket(s, netip.AddrPortFrom(group, 9))
					if sys.ClassOf(err) != sys.ClassUnreachable && !slices.Contains(unreachableElsewhere, err) {
						w.Errorf("connect to %v: %v", group, err)
					}
				}
				live := listenerAddr(w.listenNet())
				got := w.connect(w.Context(), w.dialer(), netip.AddrPortFrom(group4[0], 9), netip.AddrPortFrom(group6[0], 9), live).get()
				w.check(got.err, "dial of several addresses, of which only the last is reachable")
			}),
		},
		{
			ID: "dial/signals", Doc: "stream.Socket.StartConnect",
			Rule:   "Signals do not end a dial: it continues to wait, and does not connect a second time.",
			Source: "connect(2), EINTR: the kernel continues to connect, and another call fails with EALREADY",
			Needs:  []Feature{Signals},
			Run: in(func(w *world) {
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				p := w.connect(ctx, w.dialer(), w.blackHole())
				w.waiting(sys.Writable, 0)
				arrived := make(chan os.Signal, 1)
				signal.Notify(arrived, interruption)
				defer signal.Stop(arrived)
				for range signalsWhileDialing {
					w.check(interrupt(), "signal")
				}
				<-arrived
				select {
				case got := <-p.done:
					w.Fatalf("the dial has ended: %v, %v", got.c, got.err)
				default:
				}
				cancel()
				got := p.get()
				w.expectError(got.err, context.Canceled, "dial")
				if errors.Is(got.err, syscall.EINTR) || errors.Is(got.err, syscall.EALREADY) {
					w.Errorf("the dial ended with %v", got.err)
				}
			}),
		},
		{
			ID: "dial/no-selector", Doc: "stream.Dialer",
			Rule: "Over a Waiter that is not a Selector, a dial tries addresses in turn. A dial that only has ResolveParts is refused with errors.ErrUnsupported.",
			Run: in(func(w *world) {
				live := listenerAddr(w.listenNet())
				d := w.dialerOf(stream.Dialer{Waiter: w.spy, AttemptDelay: never})
				w.check(w.connect(w.Context(), d, w.unused(), live).get().err, "dial of an address that refuses and one that answers")
				n := newNames()
				options := stream.Dialer{Waiter: w.spy, ResolveParts: n.start}
				w.expectError(w.dialName(w.Context(), "tcp", options).get(), errors.ErrUnsupported, "dial")
				options.Resolve = func(context.Context, string) ([]netip.Addr, error) { return []netip.Addr{live.Addr()}, nil }
				w.check(w.dialPort(w.Context(), "tcp", live.Port(), options).get(), "dial of a name that Resolve knows")
			}),
		},
	}
}
