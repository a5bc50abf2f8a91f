package sched

import "time"

// runnable is a task that can go on. It is run by one worker at a time, with the lock of its loop,
// which it lets go while code of others runs.
type runnable interface {
	run(l *Loop, w *worker) // l is its loop
	owner() *Loop           // of what the queues of workers may have
}

// runQueue is first in, first out. Its bound is the number of tasks: a task is in it at most once.
// Its memory follows, by halves, what has been in it of late. The zero value is empty.
type runQueue struct {
	ring  []runnable // length a power of two
	head  uint
	count uint
	most  uint // of count since it was empty
	spare uint // how often in turn it was empty again and had needed but a quarter of ring

	clock func() time.Duration // asked when a task becomes ready; nil without metrics
	since []time.Duration      // what it said, by the places of ring
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
	if q.count == 0 {
		q.emptied()
	}
	return r
}

// emptied halves a ring that has been too long for a while. Crowds that come again and again, with
// little between them, find it as it was.
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
