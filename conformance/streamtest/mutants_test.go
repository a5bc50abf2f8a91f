package streamtest

import (
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

type mutant = suite.Mutant[*Fixture]

// odd is park with one change.
func odd(name string, change func(f *Fixture)) Target { return changed(name, parked(), change) }

// changed is target with one change.
func changed(name string, target Target, change func(f *Fixture)) Target {
	open := target.Open
	target.Name = name
	target.Open = func(t T) (*Fixture, error) {
		f, err := open(t)
		if err == nil {
			change(f)
		}
		return f, err
	}
	return target
}

// broken is a mutant that the cases in detects must report.
func broken(name string, change func(f *Fixture), detects string) mutant {
	return mutant{Name: name, Detects: detects, Target: odd(name, func(f *Fixture) {
		f.parts.restful = restfulProof
		change(f)
	})}
}

// registrations changes every registration of a Fixture.
func registrations(change func(r *brokenSource)) func(f *Fixture) {
	return func(f *Fixture) { f.Waiter = breaking(f.Waiter, change) }
}

// counted changes every registration of a listener. It wraps the spy, so the spy counts the waits
// of a broken registration.
func counted(change func(r *brokenSource)) func(f *Fixture) {
	return func(f *Fixture) {
		f.parts.waits = func(under stream.Waiter) stream.Waiter { return breaking(under, change) }
	}
}

func breaking(under stream.Waiter, change func(r *brokenSource)) stream.Waiter {
	return &brokenWaiter{Waiter: under, register: func(h sys.Handle) (stream.Source, error) {
		r, err := under.Register(h)
		if err != nil {
			return nil, err
		}
		b := &brokenSource{Source: r, handle: h}
		change(b)
		return b, nil
	}}
}

func conns(change func(b *brokenConn)) func(f *Fixture) {
	return func(f *Fixture) {
		f.parts.conn = func(c conn) conn {
			b := &brokenConn{conn: c}
			change(b)
			return b
		}
	}
}

func listeners(change func(b *brokenListener)) func(f *Fixture) {
	return func(f *Fixture) {
		f.parts.listener = func(l listener) listener {
			b := &brokenListener{listener: l}
			change(b)
			return b
		}
	}
}

func dialers(change func(b *brokenDialer)) func(f *Fixture) {
	return func(f *Fixture) {
		f.parts.dialer = func(d dialer) dialer {
			b := &brokenDialer{dialer: d}
			change(b)
			return b
		}
	}
}

func sockets(change func(b *brokenSocket)) func(f *Fixture) {
	return func(f *Fixture) {
		f.parts.socket = func(s socket) socket {
			b := &brokenSocket{socket: s}
			change(b)
			return b
		}
	}
}

func mutants() []mutant {
	return slices.Concat(waiterMutants(), directionMutants(), selectMutants(), socketMutants(), dialMutants(), transferMutants(), transferrerMutants(), endMutants(), deadlineMutants(), closeMutants(),
		acceptMutants(), unixMutants(), adoptMutants(),
		outcomeMutants(), raceMutants(),
		writeQueueMutants(),
		packetMutants(), packetUnixMutants(),
		unixPathMutants(), asNetMutants(), scarceMutants(),
		packetAdoptMutants(), packetNetMutants(), rightsMutants(), listenConfigMutants(), errorMutants(), dialOptionMutants(), unixOptionMutants(), inheritMutants(),
		tlsMutants(), tlsSocketMutants(),
		copyMutants(), acceptLoopsMutants(), endBothMutants(),
		shareMutants(), pollableMutants(), lostFlagMutants(), urgentMutants(), shortReadMutants(), vainMutants(),
		linkMutants(sourceLinks), linkMutants(handlerLinks),
	)
}

// controls are odd, but keep every rule.
func controls() []Target {
	return []Target{
		odd("waits return for nothing every other time", registrations(func(r *brokenSource) {
			var waits [2]atomic.Int64
			var closed atomic.Bool
			r.wait = func(d sys.Direction, deadline time.Time) error {
				if waits[d].Add(1)%2 == 1 && !closed.Load() && (deadline.IsZero() || time.Now().Before(deadline)) {
					return nil
				}
				return r.Source.Wait(d, deadline)
			}
			r.close = func() error {
				closed.Store(true)
				return r.Source.Close()
			}
		})),
		odd("waits return late", registrations(func(r *brokenSource) {
			r.wait = func(d sys.Direction, deadline time.Time) error {
				err := r.Source.Wait(d, deadline)
				<-time.After(time.Millisecond)
				return err
			}
		})),
		odd("short reads never drain", registrations(func(r *brokenSource) { r.drains = func() bool { return false } })),
		odd("interrupts come twice", registrations(func(r *brokenSource) {
			r.interrupt = func(d sys.Direction) {
				r.Source.Interrupt(d)
				r.Source.Interrupt(d)
			}
		})),
	}
}

func TestEveryCaseCanFail(t *testing.T) {
	suite.Prove(t, suite.Proof[*Fixture]{Cases: Cases(), Mutants: mutants(), Controls: controls(), Detections: "testdata/detections.txt"})
}

// everyTarget lists the targets that TestOneInAChild can run.
func everyTarget() []Target {
	all := append(looping(placings()), parked())
	for _, m := range mutants() {
		all = append(all, m.Target)
	}
	return append(all, controls()...)
}
