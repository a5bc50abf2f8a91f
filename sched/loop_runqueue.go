package sched

import "time"

// runnable is a task that can continue. One worker at a time runs it, with the lock of its loop
// held. It releases the lock while foreign code runs.
type runnable interface {
	run(l *Loop, w *worker) // l is its loop
	owner() *Loop           // called only for tasks that the queues of workers can hold
}

// runQueue is a FIFO queue. The number of tasks bounds it: a task is in it at most once. Its memory
// follows its recent length, by halving. The zero value is empty.
type runQueue struct {
	ring  []runnable // length a power of two
	head  uint
	count uint
	most  uint // largest count since it was empty
	spare uint // consecutive times that it became empty after using at most a quarter of ring

	clock func() time.Duration // called when a task becomes ready; nil without metrics
	since []time.Duration      // results of clock, indexed like ring
}

const (
	runQueueLengthMin = 64
	runQueueSpareMax  = 1024
)

func (q *runQueue) push(r runnable) {
	if q.count == uint(len(q.ring)) {
		q.resize(max(runQueueLengthMin, 2*len(q.ring)))
	}
	i := (q.head + q.count) & uint(len(q.ring)-1)
	q.ring[i] = r
	q.count++
	q.most = max(q.most, q.count)
	if q.clock != nil {
		q.since[i] = q.clock()
	}
}

// pushReady pushes r, which became ready at since.
func (q *runQueue) pushReady(r runnable, since time.Duration) {
	q.push(r)
	if q.clock != nil {
		q.since[(q.head+q.count-1)&uint(len(q.ring)-1)] = since
	}
}

// readySince returns when the first task, which must exist, became ready. It returns zero without a
// clock.
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
	if q.count == 0 {
		q.emptied()
	}
	return r
}

// emptied halves a ring that has been too long for a while. Crowds that return again and again,
// with few tasks in between, find it unchanged.
func (q *runQueue) emptied() {
	const quarter = 4
	if n := len(q.ring); n == runQueueLengthMin || q.most > uint(n/quarter) {
		q.spare = 0
	} else if q.spare++; q.spare == runQueueSpareMax {
		q.spare = 0
		q.resize(n / 2)
	}
	q.most = 0
}

func (q *runQueue) resize(length int) {
	ring := make([]runnable, length)
	for i := range q.count {
		ring[i] = q.ring[(q.head+i)&uint(len(q.ring)-1)]
	}
	if q.clock != nil {
		since := make([]time.Duration, length)
		for i := range q.count {
			since[i] = q.since[(q.head+i)&uint(len(q.ring)-1)]
		}
		q.since = since
	}
	q.ring, q.head = ring, 0
}
