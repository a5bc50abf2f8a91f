package stream

import "net/netip"

// Accepted is a connection from [Listener.AcceptBatch]: a socket without a registration, and the
// address of its TCP peer.
type Accepted struct {
	Socket Socket
	Peer   netip.AddrPort
}

// AcceptBatch waits for a connection as AcceptSocket does, then takes the others in the queue, up
// to len(to) in total. It returns how many it took. It returns an error only if it took none; any
// other error appears in the next call.
//
// The bound keeps a task that accepts from starving other tasks of its loop. It also shares a queue
// among several loops that accept from it.
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

// Accepts returns how many connections the listener has accepted since its creation. With one
// listener per loop, it shows how evenly connections are spread. Any goroutine may call it at any
// time.
func (l *Listener) Accepts() uint64 { return l.accepts.Load() }
