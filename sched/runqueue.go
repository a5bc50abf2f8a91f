package sched

import "time"

// runnable is a task that can go on. It is run by one worker at a time, with the lock of its loop, which it lets go while code of others runs.
type runnable interface {
	run(w *worker)
	owner() *Loop
}

// runQueue is first in, first out. Its bound is the number of tasks: a task is in it at most once. The zero value is empty.
type runQueue struct {
	ring  []runnable // length a power of two
	head  uint
	count uint

	clock func() time.Duration // asked when a task becomes ready; nil without metrics
	since []time.Duration      // what it said, by the places of ring
}

const runQueueLengthMin = 64

func (q *runQueue) push(r runnable) {
	if q.count == uint(len(q.ring)) {
		q.grow()
	}
	i := (q.head + q.count) & uint(len(q.ring)-1)
	q.ring[i] = r
	q.count++
	if q.clock != nil {
		q.since[i] = q.clock()
	}
}

// pushReady pushes r, which has been ready since then.
func (q *runQueue) pushReady(r runnable, since time.Duration) {
	q.push(r)
	if q.clock != nil {
		q.since[(q.head+q.count-1)&uint(len(q.ring)-1)] = since
	}
}

// readySince returns since when the first, which there is, has been ready, zero without a clock.
func (q *runQueue) readySince() time.Duration {
	if q.clock == nil {
		return 0
	}
	return q.since[q.head&uint(len(q.ring)-1)]
}

func (q *runQueue) pop() runnable {
	i := q.head & uint(len(q.ring)-1)
	r := q.ring[i]
	q.ring[i] = nil
	q.head++
	q.count--
	return r
}

func (q *runQueue) grow() {
	length := max(runQueueLengthMin, 2*len(q.ring))
	bigger := make([]runnable, length)
	for i := range q.count {
		bigger[i] = q.ring[(q.head+i)&uint(len(q.ring)-1)]
	}
	if q.clock != nil {
		since := make([]time.Duration, length)
		for i := range q.count {
			since[i] = q.since[(q.head+i)&uint(len(q.ring)-1)]
		}
		q.since = since
	}
	q.ring, q.head = bigger, 0
}
