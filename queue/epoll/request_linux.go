package epoll

import (
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/internal/table"
	"github.com/edgewise-go/edgewise/sys"
)

// bits returns the epoll events that the kernel reports for s.
func bits(s *slot) uint32 {
	var b uint32
	isExclusive := s.Flags == exclusive
	if s.Armed.Has(queue.Readable) {
		b |= sys.EpollIn
		if !isExclusive {
			b |= sys.EpollRDHup
			// EPOLLPRI is requested only where an edge could hide urgent data. A level would report
			// it repeatedly with nothing to read. The kernel wakes the waiter for urgent data
			// anyway, so the bit costs nothing.
			if s.Mode == queue.Edge {
				b |= sys.EpollPri
			}
		}
	}
	if s.Armed.Has(queue.Writable) {
		b |= sys.EpollOut
	}
	if isExclusive {
		b |= sys.EpollExclusive
	}
	switch {
	case s.Mode == queue.Edge, s.Armed == queue.None && isExclusive:
		b |= sys.EpollEdge
	case s.Mode == queue.OneShot, s.Armed == queue.None:
		// The kernel also reports hang-ups and errors outside the interest, and would repeat them
		// indefinitely.
		b |= sys.EpollOneShot
	}
	return b
}

// add makes the kernel report for s.
func (q *instance) add(h sys.Handle, s *slot) error {
	return meaning(sys.EpollAdd(q.ep, h, bits(s), table.Data(h, s.Generation)))
}

// addAgain deletes h and adds it again, because EPOLL_CTL_MOD refuses exclusive registrations.
func (q *instance) addAgain(h sys.Handle, s *slot) error {
	if err := sys.EpollDelete(q.ep, h); err != nil {
		return meaning(err)
	}
	return q.add(h, s)
}

// rearm arms the direction that the event of a one-shot registration has not disarmed. The kernel
// has disarmed both. The caller holds Mu.
func (q *instance) rearm(s *slot, data uint64) {
	if s.Armed != queue.None {
		// If the kernel refuses, the handle was closed without Delete, and no caller waits for it.
		_ = sys.EpollModify(q.ep, table.HandleOf(data), bits(s), data)
	}
}
