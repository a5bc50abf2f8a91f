package epoll

import (
	"errors"
	"fmt"
	"math"
	"syscall"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// slot is the registration of the handle whose number is its index. It has no pointer: a million of
// them cost the collector nothing.
//
// The kernel holds index and generation. An event that a Wait has taken before a Modify or Delete
// has another generation than the slot and is dropped: after a Modify the kernel has looked again,
// so the readiness is in a newer event.
type slot struct {
	token      queue.Token
	generation uint32
	armed      queue.Interest // what may be reported; in mode OneShot it shrinks
	mode       queue.Mode
	used       bool
	exclusive  bool
}

func dataOf(h sys.Handle, generation uint32) uint64 {
	return uint64(h)&math.MaxUint32 | uint64(generation)<<32
}

func handleOf(data uint64) sys.Handle { return sys.Handle(data & math.MaxUint32) }
func generationOf(data uint64) uint32 { return uint32(data >> 32) }

// bits returns what the kernel shall report for s.
func (s *slot) bits() uint32 {
	var b uint32
	if s.armed.Has(queue.Readable) {
		b |= sys.EpollIn
		if !s.exclusive {
			b |= sys.EpollRDHup
			// Urgent data is asked for where an edge could hide it. A level would report it again
			// and again, though there is nothing to be read. The kernel wakes for it anyway, so it
			// costs nothing.
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
		// The kernel reports hang-ups and errors that nobody asked for, too, and would do so for
		// ever.
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
	// Only the number of an open handle comes here, so the limit on descriptors bounds the table.
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

// addAgain does what EPOLL_CTL_MOD refuses to do for exclusive registrations.
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
		// The kernel has forgotten a handle that was closed before: that is what was asked for.
		// EPERM is of a file that has got the number since and that epoll does not take.
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

// disarm switches off what a one-shot registration has reported. The caller holds mu.
func (q *Queue) disarm(h sys.Handle, s *slot, reported queue.Interest, data uint64) queue.Interest {
	s.armed &^= reported
	if s.armed != queue.None {
		// The kernel has switched off both. If it refuses the other direction, the handle was
		// closed, and whoever closed it without Delete waits for nothing any more.
		_ = sys.EpollModify(q.ep, h, s.bits(), data)
	}
	return reported
}

// readyOf maps hang-up and error onto both directions: their operations will not block but end or
// fail.
func readyOf(bits uint32) queue.Ready {
	// Most events are one of these; EPOLLIN is 1 and EPOLLOUT 4.
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
		return failed(operation, h, fmt.Errorf("exclusive with one-shot: %w", errors.ErrUnsupported))
	case h > math.MaxInt32:
		// The kernel would cut the number to 32 bits and find another handle.
		return failed(operation, h, syscall.EBADF)
	}
	return nil
}

// meaning gives an errno of epoll_ctl(2) the name that the contract has for it, and keeps the
// errno.
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
