package epoll

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/internal/table"
	"github.com/edgewise-go/edgewise/sys"
)

// slot is the registration of a handle.
type slot = table.Slot[struct{}]

// exclusive is a bit of slot.Flags: Registration.Exclusive.
const exclusive = 1

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

// flagsOf returns the Flags of the registration r.
func flagsOf(r queue.Registration) uint8 {
	if r.Exclusive {
		return exclusive
	}
	return 0
}

// Add implements [queue.Queue].
func (q *instance) Add(h sys.Handle, r queue.Registration) error {
	return q.Register("add", h, r, func() error {
		if err := check(r); err != nil {
			return err
		}
		next, err := q.table.Fresh(h, r)
		if err != nil {
			return err
		}
		next.Flags = flagsOf(r)
		if err := q.add(h, &next); err != nil {
			return err
		}
		q.table.Put(h, next)
		return nil
	})
}

// Modify implements [queue.Queue].
func (q *instance) Modify(h sys.Handle, r queue.Registration) error {
	return q.Register("modify", h, r, func() error {
		if err := check(r); err != nil {
			return err
		}
		s, err := q.table.Find(h)
		if err != nil {
			return err
		}
		next := s.Renewed(r)
		next.Flags = flagsOf(r)
		if s.Flags == exclusive || next.Flags == exclusive {
			if err := q.addAgain(h, &next); err != nil {
				s.End()
				return err
			}
		} else if err := sys.EpollModify(q.ep, h, bits(&next), table.Data(h, next.Generation)); err != nil {
			return meaning(err)
		}
		*s = next
		return nil
	})
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

// Delete implements [queue.Queue].
func (q *instance) Delete(h sys.Handle) error {
	return q.Change("delete", h, func() error {
		s, err := q.table.Find(h)
		if err != nil {
			return err
		}
		s.End()
		switch err := sys.EpollDelete(q.ep, h); err {
		case nil, syscall.EBADF, syscall.ENOENT, syscall.EPERM:
			// The kernel has already forgotten a handle that was closed before, which is the wanted
			// result. EPERM means that the number now belongs to a file that epoll does not accept.
			return nil
		default:
			return err
		}
	})
}

// rearm arms the direction that the event of a one-shot registration has not disarmed. The kernel
// has disarmed both. The caller holds Mu.
func (q *instance) rearm(s *slot, data uint64) {
	if s.Armed != queue.None {
		// If the kernel refuses, the handle was closed without Delete, and no caller waits for it.
		_ = sys.EpollModify(q.ep, table.HandleOf(data), bits(s), data)
	}
}

// readyOf converts epoll events to Ready. Hang-up and error set both directions, because their
// operations do not block but end or fail.
func readyOf(bits uint32) queue.Ready {
	// Fast path: most events are one of these. EPOLLIN is 1 and EPOLLOUT 4.
	if bits&^(sys.EpollIn|sys.EpollOut) == 0 {
		return queue.Ready(bits&sys.EpollIn | bits&sys.EpollOut>>1)
	}
	return readyAtEnd(bits)
}

func readyAtEnd(bits uint32) queue.Ready {
	ready := queue.Ready(bits&sys.EpollIn | bits&sys.EpollOut>>1)
	if bits&sys.EpollPri != 0 {
		ready |= queue.ReadyUrgent
	}
	if bits&sys.EpollRDHup != 0 {
		ready |= queue.Ready(queue.Readable) | queue.ReadyPeerShut
	}
	if bits&sys.EpollHup != 0 {
		ready |= queue.Ready(queue.Both) | queue.ReadyHangUp
	}
	if bits&sys.EpollErr != 0 {
		ready |= queue.Ready(queue.Both) | queue.ReadyError
	}
	return ready
}

// check refuses what EPOLLEXCLUSIVE cannot do.
func check(r queue.Registration) error {
	if r.Exclusive && r.Mode == queue.OneShot {
		return fmt.Errorf("exclusive one-shot registration: %w", errors.ErrUnsupported)
	}
	return nil
}

// meaning wraps an errno of epoll_ctl(2) with the matching sentinel of the contract.
func meaning(err error) error {
	switch err {
	case syscall.EPERM:
		return fmt.Errorf("%w: %w", queue.ErrNotPollable, err)
	case syscall.EEXIST:
		return fmt.Errorf("%w: %w", queue.ErrExists, err)
	case syscall.ENOENT:
		return fmt.Errorf("%w: %w", queue.ErrNotFound, err)
	}
	return err
}
