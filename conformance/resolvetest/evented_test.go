package resolvetest

import (
	"net/netip"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/resolve"
	"github.com/edgewise-go/edgewise/resolve/evented"
	"github.com/edgewise-go/edgewise/resolve/stub"
)

// openEvented opens package evented as the options say.
func openEvented(_ T, o WireOptions) (resolve.Strategy, error) {
	r, err := evented.New(evented.Options{Servers: evented.Servers(o.Servers...), Dial: o.dial(), Stub: stub.Options{
		Patience: o.Patience,
		Timeout:  o.Timeout, Streams: o.Streams, MixCase: o.MixCase, MaxLinks: o.Sockets, MaxInFlight: o.MaxInFlight,
		LinkIdle: time.Hour}}) // so that no case passes because of the timer that closes idle sockets
	if err != nil { // not an interface that holds a nil pointer
		return nil, err
	}
	return r, nil
}

// overWire returns a base whose lookups a server of its own answers.
func overWire(streams bool) func(T, resolve.Lookup, resolve.PoolOptions) (resolve.Strategy, error) {
	return func(t T, lookup resolve.Lookup, _ resolve.PoolOptions) (resolve.Strategy, error) {
		s := newLookupServer(t, lookup)
		return openEvented(t, WireOptions{Servers: []netip.AddrPort{s.addr}, Streams: streams, Timeout: 4 * t.Patience()})
	}
}

// TestEvented runs the cases with a real server between package evented and the script, and those
// of stub resolvers.
func TestEvented(t *testing.T) {
	leavesNoGoroutines(t)
	Run(t, Target{Name: "evented over UDP", Claims: eventedClaims, Fixture: Fixture{Base: overWire(false), Wire: openEvented}})
}

func TestEventedOverStreams(t *testing.T) {
	leavesNoGoroutines(t)
	Run(t, Target{Name: "evented over TCP", Claims: []Feature{Async, Precise}, Fixture: Fixture{Base: overWire(true)}})
}

var eventedClaims = []Feature{Async, Precise, Cookies, MixedCase, Suspicion, Follow}
