package iouring

import (
	"syscall"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/internal/polling"
	"github.com/edgewise-go/edgewise/sys"
)

// pollRequest polls h for bits, once or for ever. Hang-up, error and the peer's half-close are
// always polled for.
func pollRequest(h sys.Handle, bits int16, data uint64, lasting bool) sys.IoUringSQE {
	e := sys.IoUringSQE{Opcode: sys.IoUringPollAdd, Fd: int32(h), OpFlags: sys.IoUringPollMask(uint32(uint16(bits))), UserData: data}
	if lasting {
		e.Len = sys.IoUringPollMulti
	}
	return e
}

// cancelRequest ends the poll with data. It is not the request that removes polls, which gives up
// if the poll is just about to report, and leaves a lasting one in the kernel then. One that has
// completed before is not found, which is no news.
func (q *Queue) cancelRequest(data uint64) sys.IoUringSQE {
	return sys.IoUringSQE{Opcode: sys.IoUringCancel, Flags: q.skip, Addr: data, UserData: cancelData}
}

// push stores a request. The caller holds mu.
func (q *Queue) push(e sys.IoUringSQE) error {
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

// submit hands all requests to the kernel. The caller holds mu.
func (q *Queue) submit() error {
	err := q.handOver()
	if err == syscall.EBUSY {
		// Older kernels want completions to be taken first. No Wait sleeps while there are any, and
		// each submits.
		return nil
	}
	return err
}

// A kernel that is out of memory for a request, or for a completion that did not fit into the ring,
// says EAGAIN and has done nothing: it is asked again after a pause. A Wait does so until its time
// is up. Whoever submits without one holds mu, and gives up in the end.
const (
	scarcePause    = time.Millisecond
	scarceTriesMax = 8
)

// handOver submits all requests to the kernel, which may be out of memory for a while. The caller
// holds mu.
func (q *Queue) handOver() error {
	for tries := 1; ; tries++ {
		err := q.ring.Submit()
		if err != syscall.EAGAIN || tries == scarceTriesMax {
			return err
		}
		time.Sleep(scarcePause)
	}
}

// start stores polls of the waker and of all that is listed. The caller holds mu.
func (q *Queue) start() error {
	if q.waker != nil && !q.attending {
		if err := q.push(pollRequest(q.waker.Handle(), sys.PollIn, wakeData(q.wakes), true)); err != nil {
			return err
		}
		q.attending = true
	}
	for q.first != none {
		h := sys.Handle(q.first)
		s := &q.slots[h]
		// It may have ended, or been polled, since it was listed.
		if s.is(used) && !s.is(polled) && s.armed != queue.None {
			if err := q.poll(h); err != nil {
				return err
			}
		}
		if q.first = s.next; q.first == none {
			q.last = none
		}
		s.state &^= listed
		if s.is(lasting) {
			s.next = int32(q.taken)
		}
	}
	return nil
}

// settle starts all that is listed and submits it. The caller holds mu.
func (q *Queue) settle() error {
	if err := q.start(); err != nil {
		return err
	}
	return q.submit()
}

// poll stores a poll of h. The caller holds mu.
func (q *Queue) poll(h sys.Handle) error {
	s := &q.slots[h]
	keep := s.mode == queue.Edge || s.is(half)
	e := pollRequest(h, polling.Bits(s.armed), dataOf(h, s.generation), keep)
	if s.is(exclusive) {
		e.OpFlags |= sys.IoUringPollMask(sys.EpollExclusive)
	}
	if err := q.push(e); err != nil {
		return err
	}
	s.state |= polled
	if keep {
		s.state |= lasting
	}
	return nil
}

// withdraw makes the poll of h, if there is one, report nothing any more, and stores the request
// that ends it. The caller holds mu.
func (q *Queue) withdraw(h sys.Handle) error {
	s := &q.slots[h]
	old := dataOf(h, s.generation)
	s.generation++
	if !s.is(polled) {
		return nil
	}
	s.state &^= polled | lasting
	return q.push(q.cancelRequest(old))
}
