package iouring

import (
	"syscall"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/internal/polling"
	"github.com/edgewise-go/edgewise/queue/internal/table"
	"github.com/edgewise-go/edgewise/sys"
)

// cancelData is the user data of a cancellation.
const cancelData = uint64(cancelMark)

// pollRequest returns a submission that polls h for bits, once or until it is canceled. The kernel
// always reports hang-up, error and the peer's half-close.
func pollRequest(h sys.Handle, bits int16, data uint64, lasting bool) sys.IoUringSQE {
	e := sys.IoUringSQE{Opcode: sys.IoUringPollAdd, Fd: int32(h), OpFlags: sys.IoUringPollMask(uint32(uint16(bits))), UserData: data}
	if lasting {
		e.Len = sys.IoUringPollMulti
	}
	return e
}

// cancelRequest returns a submission that ends the poll with data. It does not use the operation
// that removes polls. That one gives up if the poll is about to report, and then leaves a lasting
// poll in the kernel. A poll that has completed before is not found; this result is ignored.
func (q *instance) cancelRequest(data uint64) sys.IoUringSQE {
	return sys.IoUringSQE{Opcode: sys.IoUringCancel, Flags: q.skip, Addr: data, UserData: cancelData}
}

// push stores a submission. The caller holds Mu.
func (q *instance) push(e sys.IoUringSQE) error {
	if len(q.spill) == 0 && q.ring.Push(e) {
		return nil
	}
	if !q.issuing {
		q.spill = append(q.spill, e)
		return nil
	}
	if err := q.unspill(); err != nil {
		return err
	}
	if q.ring.Push(e) {
		return nil
	}
	if err := q.handOver(); err != nil {
		return err
	}
	if !q.ring.Push(e) {
		return syscall.EBUSY
	}
	return nil
}

// unspill stores the submissions for which the ring had no room when another thread made them. The
// caller holds Mu, and its thread may enter the ring.
func (q *instance) unspill() error {
	for len(q.spill) > 0 {
		if q.ring.Push(q.spill[0]) {
			q.spill = q.spill[:copy(q.spill, q.spill[1:])]
			continue
		}
		if err := q.handOver(); err != nil {
			return err
		}
		if q.ring.Room() == 0 {
			return syscall.EBUSY
		}
	}
	return nil
}

// submit passes all submissions to the kernel, or makes the thread that may enter the ring do so.
// The caller holds Mu.
func (q *instance) submit() error {
	if !q.issuing {
		return q.Interrupt()
	}
	err := q.handOver()
	if err == syscall.EBUSY {
		// Older kernels require that completions are taken first. No Wait sleeps while there are
		// any, and each Wait submits.
		return nil
	}
	return err
}

// A kernel without memory for a submission, or for a completion that did not fit into the ring,
// returns EAGAIN and does nothing. The queue retries after scarcePause. A Wait retries until its
// timeout. Other calls hold Mu, so they give up after scarceTriesMax tries.
const (
	scarcePause    = time.Millisecond
	scarceTriesMax = 8
)

// handOver passes all submissions to the kernel, which may be out of memory for a while. The caller
// holds Mu.
func (q *instance) handOver() error {
	for tries := 1; ; tries++ {
		err := q.ring.Submit()
		if err != syscall.EAGAIN || tries == scarceTriesMax {
			return err
		}
		time.Sleep(scarcePause)
	}
}

// start stores all that is to be submitted: what other threads left, polls of the waker and of all
// listed slots, and operations. The caller holds Mu, and its thread may enter the ring.
func (q *instance) start() error {
	if len(q.spill)+len(q.retired) > 0 {
		if err := q.unspill(); err != nil {
			return err
		}
		if err := q.retire(); err != nil {
			return err
		}
	}
	if q.waker != nil && !q.attending {
		if err := q.push(pollRequest(q.waker.Handle(), sys.PollIn, wakeData(q.wakes), true)); err != nil {
			return err
		}
		q.attending = true
	}
	for q.first != none {
		h := sys.Handle(q.first)
		s := q.table.At(h)
		// Since it was listed, the registration may have ended or its poll may have started.
		if q.table.Of(h) != nil && !is(s, polled) && s.Armed != queue.None {
			if err := q.poll(h, s); err != nil {
				return err
			}
		}
		if q.first = s.Extra.next; q.first == none {
			q.last = none
		}
		s.Flags &^= listed
		if is(s, lasting) {
			s.Extra.next = int32(q.taken)
		}
		if !s.Registered() {
			q.table.Leave(h)
		}
	}
	if len(q.backlog)+len(q.cancels) == 0 {
		return nil
	}
	return q.startOperations()
}

// settle starts the polls of all listed slots and submits them. The caller holds Mu.
func (q *instance) settle() error {
	if err := q.start(); err != nil {
		return err
	}
	return q.submit()
}

// poll stores a poll of h, whose slot is s. The caller holds Mu.
func (q *instance) poll(h sys.Handle, s *slot) error {
	keep := s.Mode == queue.Edge || is(s, half)
	e := pollRequest(q.polledFor(h, s), polling.Bits(s.Armed), table.Data(h, s.Generation), keep)
	if is(s, exclusive) {
		e.OpFlags |= sys.IoUringPollMask(sys.EpollExclusive)
	}
	if err := q.push(e); err != nil {
		return err
	}
	s.Flags |= polled
	if keep {
		s.Flags |= lasting
	}
	return nil
}

// withdraw invalidates the poll of h, if there is one, and stores the submission that ends it. The
// slot of h is s. The caller holds Mu.
func (q *instance) withdraw(h sys.Handle, s *slot) error {
	old := table.Data(h, s.Generation)
	s.Generation++
	if !is(s, polled) {
		return nil
	}
	s.Flags &^= polled | lasting
	return q.push(q.cancelRequest(old))
}
