package iouring

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"syscall"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// drainTimeout bounds how long Close waits for the operations that it cancels. A canceled operation
// on a socket ends as soon as the thread that submitted it runs in the kernel.
const drainTimeout = 10 * time.Second

// drain waits for drainPause before it cancels again. The kernel does not find an operation
// that it is about to continue.
const drainPause = 20 * time.Millisecond

// drain cancels all that is in the kernel, and waits until no operation is left. It drops results,
// and closes accepted handles. The caller is the last one inside, and its thread may enter the
// ring.
func (q *instance) drain() error {
	q.issue()
	defer q.unissue()
	q.drained = true
	for deadline := time.Now().Add(drainTimeout); ; {
		// The kernel would cancel all polls only some time after the ring is closed, and hold the
		// files until then. Before Linux 5.19 this cancellation fails, and the kernel cancels them
		// later.
		err := q.push(sys.IoUringSQE{Opcode: sys.IoUringCancel, OpFlags: sys.IoUringCancelAll | sys.IoUringCancelAny, UserData: cancelData})
		if err == nil && q.inside == 0 {
			_ = q.handOver()
			return nil
		}
		left := time.Until(deadline)
		for until := time.Now().Add(min(left, drainPause)); q.inside > 0; {
			pause := time.Until(until)
			if pause <= 0 {
				break
			}
			err = q.ring.Enter(q.ring.Unsubmitted(), pause)
			q.discard()
			if err == syscall.EAGAIN {
				time.Sleep(scarcePause)
			}
		}
		if q.inside > 0 && left <= 0 {
			return q.undrained()
		}
		if q.inside == 0 {
			_ = q.handOver()
			return nil
		}
	}
}

// undrained returns the error of operations that do not end, and keeps their memory alive.
func (q *instance) undrained() error {
	time.AfterFunc(math.MaxInt64, func() { runtime.KeepAlive(q) })
	return q.Failed("close", fmt.Errorf("%d operations still in flight %v after they were canceled: %w", q.inside, drainTimeout, queue.ErrBusy))
}

// discard takes all completions and drops their results. The caller holds Mu.
func (q *instance) discard() {
	head := q.ring.Taken()
	defer func() { q.dropSilent(head) }()
	for c, ok := q.ring.Peek(); ok; c, ok = q.ring.Peek() {
		q.ring.Advance()
		if low := c.UserData & math.MaxUint32; low >= uint64(cancelMark) || c.UserData&operationMark == 0 || c.UserData&cancelOpMark != 0 {
			continue
		}
		s := q.flight.Of(queue.OpID(c.UserData &^ operationMark))
		if s == nil || !s.Extra.is(entered) {
			continue
		}
		if s.Kind == queue.OpAccept && c.Result >= 0 {
			_ = sys.Close(sys.Handle(c.Result))
		}
		if c.Flags&sys.IoUringMore == 0 {
			s.Extra.state &^= entered | skipping
			q.inside--
		}
	}
}

// abandon closes a ring with operations of another thread, which this one cannot cancel. The kernel
// cancels them after the ring is closed. abandon waits until the kernel has freed the ring.
func (q *instance) abandon() error {
	q.Mu.Lock()
	q.discard()
	q.Mu.Unlock()
	err := q.ring.Close()
	fds := []sys.PollFD{{Fd: int32(q.freed), Events: 0}}
	for deadline := time.Now().Add(drainTimeout); ; {
		n, failed := sys.Poll(fds, max(0, time.Until(deadline)))
		switch {
		case n > 0:
			q.inside = 0
			return err
		case failed != nil && failed != syscall.EINTR:
			return errors.Join(err, failed, q.undrained())
		case time.Now().After(deadline):
			return errors.Join(err, q.undrained())
		}
	}
}

// watchFree makes the ring hold the only descriptor of the read end of a pipe. The kernel closes it
// when it frees the ring, after the last request, and the write end reports an error from then on.
func (q *instance) watchFree() error {
	r, w, err := sys.Pipe()
	if err != nil {
		return err
	}
	if err := errors.Join(q.ring.RegisterFile(r), sys.Close(r)); err != nil {
		return errors.Join(err, sys.Close(w))
	}
	q.freed = w
	return nil
}
