package iouring

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/edgewise-go/edgewise/queue"
)

// A ring with one waiter belongs to the thread of the first Wait: the kernel refuses any other
// thread that submits, waits or registers (io_uring_setup(2), IORING_SETUP_SINGLE_ISSUER). Other
// threads store submissions under Mu, and interrupt the Wait through the waker.

// claim makes the calling thread the one that waits. The caller has the turn.
func (q *instance) claim() error {
	q.Mu.Lock()
	defer q.Mu.Unlock()
	if err := q.ring.Enable(); err != nil {
		return q.Failed("wait", fmt.Errorf("enable ring: %w", err))
	}
	q.enabled, q.owner = true, syscall.Gettid()
	return nil
}

// waitFailed returns the error of a Wait. The kernel refuses the threads that do not own the ring:
// a check in each Wait would cost a system call.
func (q *instance) waitFailed(err error) error {
	if q.single && errors.Is(err, syscall.EEXIST) {
		err = fmt.Errorf("SingleWaiter: thread %d waits, want only thread %d of the first Wait (lock the goroutine to its thread): %w",
			syscall.Gettid(), q.owner, queue.ErrInvalid)
	}
	return q.Failed("wait", err)
}

// second returns the error of a Wait that found another one running.
func (q *instance) second() error {
	return q.Failed("wait", fmt.Errorf("SingleWaiter: another Wait is running, want one at a time: %w", queue.ErrInvalid))
}

// depart ends a Wait. Only the thread of the waiter can end the operations of a ring with one
// waiter, so it does so if Close has begun meanwhile.
func (q *instance) depart() {
	if q.single && q.Gate.Closed() && q.owner == syscall.Gettid() {
		q.ended = q.drain()
	}
	q.Give()
}

// issue locks Mu for a thread that may enter the ring. The caller calls unissue.
func (q *instance) issue() {
	q.Mu.Lock()
	q.issuing = true
}

func (q *instance) unissue() {
	q.issuing = !q.single
	q.Mu.Unlock()
}
