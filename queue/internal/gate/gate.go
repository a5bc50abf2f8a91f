// Package gate counts the calls inside a mechanism, so that Close can wait for the last of them.
package gate

import "sync/atomic"

// closed is set in Gate.state once Shut has been called; the bits below count the calls inside.
const closed = int64(1) << 62

// Gate counts the calls that use handles, so that no handle is closed during such a call. Use New.
type Gate struct {
	state atomic.Int64
	empty chan struct{} // holds a token after the count of a shut gate reached zero
}

// New returns an open gate.
func New() *Gate { return &Gate{empty: make(chan struct{}, 1)} }

// Enter reports whether the gate is open. If it is, Enter counts the caller, which must call Leave.
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

// Shut closes the gate: every later Enter returns false. Shut returns false if the gate was shut
// before.
func (g *Gate) Shut() bool { return g.state.Or(closed)&closed == 0 }

// WaitEmpty blocks until every caller inside a shut gate has left.
func (g *Gate) WaitEmpty() {
	for g.state.Load() != closed {
		<-g.empty
	}
}
