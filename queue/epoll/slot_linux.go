package epoll

import (
	"errors"
	"fmt"
	"math"
	"syscall"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// slot is the registration of the handle whose number is its index. It has no pointer, so the
// garbage collector does not scan a million of them.
//
// The kernel holds index and generation. An event that a Wait took before a Modify or Delete has
// another generation than the slot, and is dropped. After a Modify the kernel has checked again, so
// a newer event carries the readiness.
type slot struct {
	token      queue.Token
	generation uint32
	armed      queue.Interest // directions that may be reported; reports in mode OneShot disarm them
	mode       queue.Mode
	used       bool
	exclusive  bool
}

func dataOf(h sys.Handle, generation uint32) uint64 {
	return uint64(h)&math.MaxUint32 | uint64(generation)<<32
}

func handleOf(data uint64) sys.Handle { return sys.Handle(data & math.MaxUint32) }
func generationOf(data uint64) uint32 { return uint32(data >> 32) }

// bits returns the epoll events that the kernel reports for s.
func (s *slot) bits() uint32 {
	var b uint32
	if s.armed.Has(queue.Readable) {
		b |= sys.EpollIn
		if !s.exclusive {
			b |= sys.EpollRDHup
			// EPOLLPRI is requested only where an edge could hide urgent data. A level would report
			// it repeatedly with nothing to read. The kernel wakes the waiter for urgent data
			// anyway, so the bit costs nothing.
			if s.mode == queue.Edge {
				b |= sys.EpollPri
			}
		}
	}
	if s.armed.Has(queue.Writable) {
		b |= sys.EpollOut
	}
	if s.exclusive {
		b |= sys.EpollExclusive
	}
	switch {
	case s.mode == queue.Edge, s.armed == queue.None && s.exclusive:
		b |= sys.EpollEdge
	case s.mode == queue.OneShot, s.armed == queue.None:
		// The kernel also reports hang-ups and errors outside the interest, and would repeat them
		// indefinitely.
		b |= sys.EpollOneShot
	}
	return b
}

// Add implements [queue.Queue].
func (q *Queue) Add(h sys.Handle, r queue.Registration) error {
	const operation = "add"
	if err := check(operation, h, r); err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.gate.Closed() {
		return failed(operation, h, queue.ErrClosed)
	}
	s := slot{}
	if old := q.slotOf(h); old != nil {
		return failed(operation, h, queue.ErrExists)
	} else if int(h) < len(q.slots) {
		s.generation = q.slots[h].generation
	}
	s.register(r)
	if err := sys.EpollAdd(q.ep, h, s.bits(), dataOf(h, s.generation)); err != nil {
		return failed(operation, h, meaning(err))
	}
	// Only numbers of open handles get here, so RLIMIT_NOFILE bounds the table.
	for int(h) >= len(q.slots) {
		q.slots = append(q.slots, slot{})
	}
	q.slots[h] = s
	return nil
}

// Modify implements [queue.Queue].
func (q *Queue) Modify(h sys.Handle, r queue.Registration) error {
	const operation = "modify"
	if err := check(operation, h, r); err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.gate.Closed() {
		return failed(operation, h, queue.ErrClosed)
	}
	s := q.slotOf(h)
	if s == nil {
		return failed(operation, h, queue.ErrNotFound)
	}
	next := slot{generation: s.generation + 1}
	next.register(r)
	if s.exclusive || next.exclusive {
		if err := q.addAgain(h, &next); err != nil {
			s.end()
			return failed(operation, h, meaning(err))
		}
	} else if err := sys.EpollModify(q.ep, h, next.bits(), dataOf(h, next.generation)); err != nil {
		return failed(operation, h, meaning(err))
	}
	*s = next
	return nil
}

// addAgain deletes h and adds it again, because EPOLL_CTL_MOD refuses exclusive registrations.
func (q *Queue) addAgain(h sys.Handle, s *slot) error {
	if err := sys.EpollDelete(q.ep, h); err != nil {
		return err
	}
	return sys.EpollAdd(q.ep, h, s.bits(), dataOf(h, s.generation))
}

// Delete implements [queue.Queue].
func (q *Queue) Delete(h sys.Handle) error {
	const operation = "delete"
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.gate.Closed() {
		return failed(operation, h, queue.ErrClosed)
	}
	s := q.slotOf(h)
	if s == nil {
		return failed(operation, h, queue.ErrNotFound)
	}
	s.end()
	switch err := sys.EpollDelete(q.ep, h); err {
	case nil, syscall.EBADF, syscall.ENOENT, syscall.EPERM:
		// The kernel has already forgotten a handle that was closed before, which is the wanted
		// result. EPERM means that the number now belongs to a file that epoll does not accept.
		return nil
	default:
		return failed(operation, h, err)
	}
}

// slotOf returns the slot of a registered handle, or nil. The caller holds mu.
func (q *Queue) slotOf(h sys.Handle) *slot {
	if h >= sys.Handle(len(q.slots)) || !q.slots[h].used {
		return nil
	}
	return &q.slots[h]
}

func (s *slot) register(r queue.Registration) {
	s.token, s.armed, s.mode, s.exclusive, s.used = r.Token, r.Interest, r.Mode, r.Exclusive, true
}

func (s *slot) end() { *s = slot{generation: s.generation + 1} }

// disarm disarms the reported directions of a one-shot registration and returns them. The caller
// holds mu.
func (q *Queue) disarm(h sys.Handle, s *slot, reported queue.Interest, data uint64) queue.Interest {
	s.armed &^= reported
	if s.armed != queue.None {
		// The kernel has disarmed both directions. If it refuses the other direction, the handle
		// was closed without Delete, and no caller waits for it.
		_ = sys.EpollModify(q.ep, h, s.bits(), data)
	}
	return reported
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

func check(operation string, h sys.Handle, r queue.Registration) error {
	switch {
	case r.Mode > queue.OneShot, r.Interest > queue.Both:
		return failed(operation, h, queue.ErrInvalid)
	case r.Exclusive && r.Mode == queue.OneShot:
		return failed(operation, h, fmt.Errorf("exclusive one-shot registration: %w", errors.ErrUnsupported))
	case h > math.MaxInt32:
		// The kernel would truncate the number to 32 bits and find another handle.
		return failed(operation, h, syscall.EBADF)
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
