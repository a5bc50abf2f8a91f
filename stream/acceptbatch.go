package stream

import "net/netip"

// Accepted is a connection that [Listener.AcceptBatch] has accepted: a socket that is registered
// nowhere, and the address of its TCP peer.
type Accepted struct {
	Socket Socket
	Peer   netip.AddrPort
}

// AcceptBatch waits for a connection as AcceptSocket does, and takes with it what else is in the
// queue, len(to) in all at most. It returns how many it took, and an error only if that is none:
// what else went wrong shows at the next call. The bound keeps a task that accepts from starving
// the others of its loop, and shares a queue that several loops accept from.
func (l *Listener) AcceptBatch(to []Accepted) (int, error) {
	if len(to) == 0 {
		return 0, nil
	}
	s, peer, err := l.AcceptSocket()
	if err != nil {
		return 0, err
	}
	to[0] = Accepted{s, peer}
	n := 1
	for n < len(to) {
		s, peer, err := l.TryAccept()
		if err != nil {
			break
		}
		to[n] = Accepted{s, peer}
		n++
	}
	return n, nil
}

// Accepts returns how many connections the listener has accepted since it was made. With a listener
// for each loop it tells how evenly they are spread. It may be called from any goroutine at any
// time.
func (l *Listener) Accepts() uint64 { return l.accepts.Load() }
