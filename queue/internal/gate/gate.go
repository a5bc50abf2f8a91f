// Package gate lets many calls into a mechanism and closes behind the last of them.
package gate

import "sync/atomic"

// closed is set in Gate.state once Shut has been called; the bits below count who is inside.
const closed = int64(1) << 62

// Gate counts calls that use descriptors, so that nobody closes these under them. Use New.
type Gate struct {
	state atomic.Int64
	empty chan struct{} // holds a token after the count went to zero behind a shut gate
}

// New returns an open gate.
func New() *Gate { return &Gate{empty: make(chan struct{}, 1)} }

// Enter reports whether the gate is open, and counts the caller, who must call Leave.
func (g *Gate) Enter() bool {
	if g.state.Add(1) < closed {
		return true
	}
	g.Leave()
	return false
}

// Leave undoes Enter.
func (g *Gate) Leave() {
	if g.state.Add(-1) == closed {
		select {
		case g.empty <- struct{}{}:
		default:
		}
	}
}

// Closed reports whether Shut has been called.
func (g *Gate) Closed() bool { return g.state.Load() >= closed }

// Shut lets nobody in any more. It reports false if the gate was shut before.
func (g *Gate) Shut() bool { return g.state.Or(closed)&closed == 0 }

// WaitEmpty blocks until everybody who was inside when the gate was shut has left.
func (g *Gate) WaitEmpty() {
	for g.state.Load() != closed {
		<-g.empty
	}
}
