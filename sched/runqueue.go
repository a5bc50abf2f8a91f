package sched

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
}

const runQueueLengthMin = 64

func (q *runQueue) push(r runnable) {
	if q.count == uint(len(q.ring)) {
		q.grow()
	}
	q.ring[(q.head+q.count)&uint(len(q.ring)-1)] = r
	q.count++
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
	bigger := make([]runnable, max(runQueueLengthMin, 2*len(q.ring)))
	for i := range q.count {
		bigger[i] = q.ring[(q.head+i)&uint(len(q.ring)-1)]
	}
	q.ring, q.head = bigger, 0
}
