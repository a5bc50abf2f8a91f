package iouring

import (
	"fmt"
	"math"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/internal/table"
	"github.com/edgewise-go/edgewise/queue/internal/wake"
	"github.com/edgewise-go/edgewise/sys"
	"github.com/edgewise-go/edgewise/sys/waker"
)

// nop is the waker that needs no handle: a submission that does nothing and completes at once.
const nop = "nop"

// Marks take the place of the handle in submissions other than polls of a registration. No handle
// has these numbers.
const (
	wakeMark   = sys.Handle(math.MaxUint32)     // the waker
	cancelMark = sys.Handle(math.MaxUint32 - 1) // a cancellation, whose result is ignored
)

// wakeData returns the user data of the poll of the waker, or of the submission that wakes.
func wakeData(generation uint32) uint64 { return table.Data(wakeMark, generation) }

func (q *instance) openWaker(kind string) error {
	switch {
	case q.single && kind == "":
		kind = waker.Eventfd
	case q.single && kind == nop:
		return fmt.Errorf("waker %q: %w: with SingleWaiter no other thread may submit; want %s or %s", kind, queue.ErrInvalid, waker.Eventfd, waker.Pipe)
	}
	switch kind {
	case "", nop:
		return nil
	case waker.Eventfd, waker.Pipe:
		w, err := wake.Open(kind)
		if err != nil {
			return err
		}
		q.waker = w
		return nil
	}
	return fmt.Errorf("waker %q: %w: want %s, %s or %s", kind, queue.ErrInvalid, nop, waker.Eventfd, waker.Pipe)
}

// signal makes the kernel post a completion of the waker. The caller holds Mu.
func (q *instance) signal() error {
	if q.waker != nil {
		return q.waker.Signal()
	}
	if err := q.push(sys.IoUringSQE{Opcode: sys.IoUringNop, UserData: wakeData(q.wakes)}); err != nil {
		return err
	}
	return q.submit()
}

// takeWake makes the next Wake signal again. The caller holds Mu.
func (q *instance) takeWake(generation uint32, c sys.IoUringCQE) error {
	if generation != q.wakes {
		return nil
	}
	q.Signalled = false
	if q.waker == nil {
		return nil
	}
	if c.Flags&sys.IoUringMore == 0 {
		q.attending = false
	}
	if !q.waker.FillsUp() {
		return nil
	}
	if err := q.waker.Clear(); err != nil {
		return fmt.Errorf("clear waker: %w", err)
	}
	return nil
}
