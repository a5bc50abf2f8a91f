package streamtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"runtime/pprof"
	"strconv"
	"strings"
	"time"

	"github.com/edgewise-go/edgewise/stream"
)

// These are the delays that the cases of races give a dialer: one that passes soon but can be
// observed, the shortest one, and one that no case outlives.
const (
	raceDelay = 20 * time.Millisecond
	quick     = 10 * time.Millisecond
	never     = time.Hour
)

// These bounds are documented by stream.Dialer.
const (
	attemptsAtOnce   = 16
	addressesAFamily = 64
)

// A connect to these addresses fails at once and sends nothing: TCP has no groups.
var (
	group4 = [2]netip.Addr{netip.MustParseAddr("224.0.0.1"), netip.MustParseAddr("224.0.0.2")}
	group6 = [2]netip.Addr{netip.MustParseAddr("ff02::1"), netip.MustParseAddr("ff02::2")}
)

var errUnresolved = errors.New("the resolver of a case fails")

func raceCases() []Case {
	all := []Case{
		{
			ID: "race/dead-first", Doc: "stream.Dialer",
			Rule:   "If an attempt has not answered after AttemptDelay, and not before, the next one joins it. The loser is closed when the dial returns.",
			Source: "RFC 8305, section 5",
			Run: in(func(w *world) {
				l := w.listenNet()
				live := listenerAddr(l)
				begun := time.Now()
				got := w.connect(w.Context(), w.dialerOf(stream.Dialer{AttemptDelay: raceDelay}), w.blackHole(), live).get()
				w.check(got.err, "dial of a black hole and a listener")
				if passed := time.Since(begun); passed < raceDelay {
					w.Errorf("the second attempt began %v after the first", passed)
				}
				if n := w.spy.open.Load(); n != 1 || got.c.RemoteAddrPort() != live {
					w.Errorf("connected to %v, want %v; %d registrations are open", got.c.RemoteAddrPort(), live, n)
				}
				peer, err := l.Accept()
				w.check(err, "peer's accept")
				w.own(peer)
				_, err = peer.Write([]byte("won"))
				w.check(err, "peer's write")
				w.expectRead(got.c, "won")
			}),
		},
		{
			ID: "race/failure-first", Doc: "stream.Dialer",
			Rule:   "A failed attempt is followed by the next at once, even while others run.",
			Source: "RFC 8305, section 5",
			Run: in(func(w *world) {
				live := listenerAddr(w.listenNet())
				d := w.dialerOf(stream.Dialer{AttemptDelay: never})
				w.check(w.connect(w.Context(), d, w.unused(), w.unused(), live).get().err, "dial of several addresses, of which only the last answers")
				d = w.dialerOf(stream.Dialer{AttemptDelay: raceDelay})
				w.check(w.connect(w.Context(), d, w.blackHole(), w.unused(), live).get().err, "dial of a black hole and others")
			}),
		},
		{
			ID: "race/in-turn", Doc: "stream.Dialer.AttemptDelay",
			Rule: "With a negative AttemptDelay, the next attempt starts only after the previous one has failed.",
			Run: in(func(w *world) {
				live := listenerAddr(w.listenNet())
				d := w.dialerOf(stream.Dialer{AttemptDelay: -1})
				w.check(w.connect(w.Context(), d, w.unused(), live).get().err, "dial of an address that refuses and one that answers")
				hole := w.blackHole()
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				opened := w.spy.open.Load()
				p := w.connect(ctx, d, hole, live)
				w.begun(func() bool { return w.spy.open.Load() > opened }, "an attempt begins")
				w.delays(hole, live)
				cancel()
				w.expectAttempts(p.get().err, context.Canceled, hole.Addr())
			}),
		},
		{
			ID: "race/families", Doc: "stream.Dialer",
			Rule:   "The families alternate. IPv6 comes first if they arrive separately, and the family of the first address if they arrive together.",
			Source: "RFC 8305, section 4",
			Run: in(func(w *world) {
				n := newNames()
				p := w.dialName(w.Context(), "tcp", stream.Dialer{ResolveParts: n.start})
				deliver := w.asked(n, "ip")
				deliver(group4[:], true, nil)
				deliver(group6[:], false, nil)
				w.expectAttempts(p.get(), nil, group6[0], group4[0], group6[1], group4[1])
				together := stream.Dialer{Resolve: func(context.Context, string) ([]netip.Addr, error) {
					return []netip.Addr{group4[0], group4[1], group6[0], group6[1]}, nil
				}}
				w.expectAttempts(w.dialName(w.Context(), "tcp", together).get(), nil, group4[0], group6[0], group4[1], group6[1])
			}),
		},
		{
			ID: "race/one-family", Doc: "stream.Dialer.DialContext",
			Rule: "For a network with one family, only addresses of that family are resolved and tried.",
			Run: in(func(w *world) {
				for network, want := range map[string][]netip.Addr{"tcp4": group4[:], "tcp6": group6[:]} {
					n := newNames()
					p := w.dialName(w.Context(), network, stream.Dialer{ResolveParts: n.start})
					deliver := w.asked(n, "ip"+network[len("tcp"):])
					deliver([]netip.Addr{group4[0], group6[0], group4[1], group6[1]}, false, nil)
					w.expectAttempts(p.get(), nil, want...)
				}
			}),
		},
		{
			ID: "race/no-ipv4-yet", Doc: "stream.Dialer.ResolutionDelay",
			Rule:   "IPv6 addresses are tried without delay. The resolver is canceled when the dial needs no more addresses.",
			Source: "RFC 8305, section 3",
			Needs:  []Feature{IPv6},
			Run: in(func(w *world) {
				live := listenerAddr(w.listenNet6(0))
				n := newNames()
				p := w.dialPort(w.Context(), "tcp", live.Port(), stream.Dialer{ResolveParts: n.start, ResolutionDelay: never})
				w.asked(n, "ip")([]netip.Addr{live.Addr()}, true, nil)
				w.check(p.get(), "dial before the resolver has delivered everything")
				w.canceled(n)
			}),
		},
		{
			ID: "race/no-ipv6-yet", Doc: "stream.Dialer.ResolutionDelay",
			Rule:   "IPv4 addresses wait for IPv6 addresses for ResolutionDelay. They stop waiting once it is known that there are no IPv6 addresses.",
			Source: "RFC 8305, section 3",
			Run: in(func(w *world) {
				live := listenerAddr(w.listenNet())
				for _, absent := range []bool{false, true} {
					d := stream.Dialer{ResolutionDelay: raceDelay}
					if absent {
						d.ResolutionDelay = never
					}
					n := newNames()
					d.ResolveParts = n.start
					p := w.dialPort(w.Context(), "tcp", live.Port(), d)
					deliver := w.asked(n, "ip")
					begun := time.Now()
					deliver([]netip.Addr{live.Addr()}, true, nil)
					if absent {
						deliver(nil, false, errUnresolved)
					}
					w.check(p.get(), "dial of an IPv4 address")
					if passed := time.Since(begun); !absent && passed < raceDelay {
						w.Errorf("the IPv4 address waited %v", passed)
					}
				}
				// An IPv6 address that comes in time goes first.
				n := newNames()
				p := w.dialName(w.Context(), "tcp", stream.Dialer{ResolveParts: n.start, ResolutionDelay: never})
				deliver := w.asked(n, "ip")
				selects := w.spy.selects.Load()
				deliver(group4[:1], true, nil)
				w.selecting(selects)
				deliver(group6[:1], false, nil)
				w.expectAttempts(p.get(), nil, group6[0], group4[0])
			}),
		},
		{
			ID: "race/late-address", Doc: "stream.Dialer",
			Rule:   "An address delivered while attempts run joins them.",
			Source: "RFC 8305, section 5",
			Needs:  []Feature{IPv6},
			Run: in(func(w *world) {
				hole, live := w.blackHoleBeside()
				n := newNames()
				p := w.dialPort(w.Context(), "tcp", hole.Port(), stream.Dialer{ResolveParts: n.start, ResolutionDelay: -1, AttemptDelay: quick})
				deliver := w.asked(n, "ip")
				deliver([]netip.Addr{hole.Addr()}, true, nil)
				w.begun(func() bool { return w.spy.open.Load() == 1 }, "an attempt begins")
				deliver([]netip.Addr{live.Addr()}, false, nil)
				w.check(p.get(), "dial")
				if n := w.spy.open.Load(); n != 1 {
					w.Errorf("%d registrations are open", n)
				}
			}),
		},
		{
			ID: "race/unresolved", Doc: "stream.ResolveParts",
			Rule: "A dial without addresses fails with the error of its resolver, or else with ErrNoAddress, even if the resolver is done before it returns.",
			Run: in(func(w *world) {
				for _, want := range []error{errUnresolved, nil} {
					for _, more := range []bool{true, false} {
						p := w.dialName(w.Context(), "tcp", stream.Dialer{ResolveParts: func(_, _ string, deliver func([]netip.Addr, bool, error)) func() {
							if more {
								deliver(nil, true, want)
							}
							deliver(nil, false, want)
							return nil
						}})
						err := p.get()
						if want != nil {
							w.expectError(err, want, "dial")
						} else {
							w.expectError(err, stream.ErrNoAddress, "dial")
						}
					}
				}
			}),
		},
		{
			ID: "race/deadline", Doc: "stream.Dialer.DialContext",
			Rule: "At the deadline, every running attempt ends with a timeout, and so does a dial whose resolver has not answered.",
			Run: in(func(w *world) {
				d := stream.Dialer{AttemptDelay: quick}
				// This is long enough for two attempts on a fast machine.
				ctx, cancel := context.WithTimeout(w.Context(), 3*quick)
				defer cancel()
				got := w.connect(ctx, w.dialerOf(d), w.blackHole(), w.blackHole()).get()
				if !errors.Is(got.err, os.ErrDeadlineExceeded) || !errors.Is(got.err, context.DeadlineExceeded) || got.c != nil {
					w.Errorf("dial of two black holes: %v, %v", got.c, got.err)
				}
				n := newNames()
				d.ResolveParts, d.Timeout = n.start, soon
				p := w.dialName(w.Context(), "tcp", d)
				deliver := w.asked(n, "ip")
				err := p.get()
				w.expectError(err, os.ErrDeadlineExceeded, "dial")
				w.canceled(n)
				deliver(group6[:], false, nil) // without a listener
				if n := w.spy.open.Load(); n != 0 {
					w.Errorf("%d registrations are still open", n)
				}
			}),
		},
		{
			ID: "race/canceled", Doc: "stream.Dialer.DialContext",
			Rule: "Canceling the context ends a race at any moment. Each running attempt ends with context.Canceled, and all are closed.",
			Run: in(func(w *world) {
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				one, other := w.blackHole(), w.blackHole()
				p := w.connect(ctx, w.dialerOf(stream.Dialer{AttemptDelay: quick}), one, other)
				w.begun(func() bool { return w.spy.open.Load() == 2 }, "the second attempt begins")
				cancel()
				w.expectAttempts(p.get().err, context.Canceled, one.Addr(), other.Addr())
				ctx, cancel = context.WithCancel(context.Background())
				defer cancel()
				n := newNames()
				named := w.dialName(ctx, "tcp", stream.Dialer{ResolveParts: n.start})
				w.asked(n, "ip")
				cancel()
				w.expectError(named.get(), context.Canceled, "dial")
				w.canceled(n)
				if n := w.spy.open.Load(); n != 0 {
					w.Errorf("%d registrations are still open", n)
				}
			}),
		},
		{
			ID: "race/bounds", Doc: "stream.Dialer",
			Rule: "At most 16 attempts run at once, and at most 64 addresses per family are tried.",
			Run: in(func(w *world) {
				hole := w.blackHole()
				holes := make([]netip.AddrPort, attemptsAtOnce+2)
				for i := range holes {
					holes[i] = hole
				}
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				p := w.connect(ctx, w.dialerOf(stream.Dialer{AttemptDelay: quick}), holes...)
				w.begun(func() bool { return w.spy.open.Load() >= attemptsAtOnce }, "the attempts begin")
				w.delays(hole, listenerAddr(w.listenNet()))
				cancel()
				if err := p.get().err; !errors.Is(err, context.Canceled) {
					w.Errorf("dial of black holes: %v", err)
				}
				if n := w.spy.most.Load(); n > attemptsAtOnce {
					w.Errorf("%d attempts ran at once", n)
				}
				var many, want []netip.Addr
				for i := range addressesAFamily + 10 {
					many = append(many, netip.AddrFrom4([4]byte{224, 0, 1, byte(i)}))
				}
				want = many[:addressesAFamily]
				n := newNames()
				named := w.dialName(w.Context(), "tcp", stream.Dialer{ResolveParts: n.start})
				w.asked(n, "ip")(many, false, nil)
				w.expectAttempts(named.get(), nil, want...)
			}),
		},
		{
			ID: "race/no-leak", Doc: "stream.Dialer",
			Rule:  "A race leaves only the descriptor of its winner. A race without a winner leaves none.",
			Needs: []Feature{DescriptorLimit},
			Run:   alone("race/no-leak", raceLeaks),
		},
		{
			ID: "race/no-goroutine", Doc: "stream.Dialer",
			Rule:  "A race runs on its caller, without a goroutine.",
			Needs: []Feature{DescriptorLimit},
			Run:   alone("race/no-goroutine", raceGoroutines),
		},
	}
	for i := range all {
		all[i].Needs = append(all[i].Needs, Selects)
	}
	return all
}

// delays returns when a dial has made a second attempt after more than the shortest delay. Any
// other dial that runs already has made its own second attempt by then.
func (w *world) delays(hole, live netip.AddrPort) {
	w.Helper()
	d := w.dialerOf(stream.Dialer{Waiter: w.f.Waiter, AttemptDelay: raceDelay})
	w.check(w.connect(w.Context(), d, hole, live).get().err, "dial of a black hole and a listener")
}

func raceLeaks(w *world) {
	hole := w.blackHole()
	l := w.listenNet()
	d := w.dialerOf(stream.Dialer{AttemptDelay: quick})
	round := func() {
		got := w.connect(w.Context(), d, hole, hole, listenerAddr(l)).get()
		w.check(got.err, "dial")
		peer, err := l.Accept()
		w.check(err, "peer's accept")
		w.check(peer.Close(), "peer's close")
		w.check(got.c.Close(), "close")
		ctx, cancel := context.WithTimeout(w.Context(), 2*quick)
		defer cancel()
		if err := w.connect(ctx, d, hole, hole).get().err; err == nil {
			w.Fatalf("dial of black holes succeeded")
		}
	}
	// The first round opens what the runtime and the target keep open.
	round()
	before := w.free()
	for range leakRounds {
		round()
	}
	w.freed(before)
}

func raceGoroutines(w *world) {
	hole := w.blackHole()
	d := w.dialerOf(stream.Dialer{AttemptDelay: quick, ResolutionDelay: -1})
	during := func(attempts int) int {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		holes := make([]netip.AddrPort, attempts)
		for i := range holes {
			holes[i] = hole
		}
		mine := strconv.Itoa(attempts)
		p := call(w, "dial", func() (r dialed) {
			// Goroutines inherit the labels of the one that starts them.
			pprof.Do(ctx, pprof.Labels(raceLabel, mine), func(ctx context.Context) {
				r.c, r.err = d.Connect(ctx, holes...)
			})
			return r
		})
		w.begun(func() bool { return w.spy.open.Load() == int64(attempts) }, "all attempts begin")
		n := w.labelled(raceLabel, mine)
		cancel()
		p.get()
		return n
	}
	// A dial that cannot be a race sets the measure.
	if one, four := during(1), during(4); four > one {
		w.Errorf("%d goroutines while four attempts run, want %d as for one", four, one)
	}
}

// raceLabel is the key of the profiler label of a dial and of the goroutines that it starts.
const raceLabel = "streamtest-dial"

// labelled counts the goroutines that have a profiler label.
func (w *world) labelled(key, value string) int {
	w.Helper()
	var text bytes.Buffer
	w.check(pprof.Lookup("goroutine").WriteTo(&text, 1), "goroutine profile")
	label, count, all := fmt.Sprintf("%q:%q", key, value), 0, 0
	for line := range strings.Lines(text.String()) {
		if first, _, ok := strings.Cut(line, " @ "); ok {
			count, _ = strconv.Atoi(first)
		} else if strings.HasPrefix(line, "# labels:") && strings.Contains(line, label) {
			all += count
		}
	}
	return all
}
