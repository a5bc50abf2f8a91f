package sched

import (
	"math"
	"time"
)

// timer is a moment at which fire is told. It belongs to the loop; stopping it is exact: after stop, fire is not called.
type timer struct {
	when  time.Duration // since the loop's epoch
	index int           // in the heap plus one, so that the zero value is not set
	fire  expirer
}

type expirer interface{ expired() }

// timers is a heap with four children a node, which keeps a comparison's neighbours in one cache line. Its bound is the number of
// tasks: each has one timer.
type timers struct{ heap []*timer }

const timerArity = 4

func (ts *timers) set(t *timer, when time.Duration) {
	if t.index != 0 {
		ts.stop(t)
	}
	t.when = when
	ts.heap = append(ts.heap, t)
	t.index = len(ts.heap)
	ts.up(len(ts.heap) - 1)
}

func (ts *timers) stop(t *timer) {
	if t.index == 0 {
		return
	}
	i, last := t.index-1, len(ts.heap)-1
	t.index = 0
	moved := ts.heap[last]
	ts.heap[last] = nil
	ts.heap = ts.heap[:last]
	if i == last {
		return
	}
	ts.heap[i] = moved
	moved.index = i + 1
	ts.down(i)
	ts.up(i)
}

// expire tells every timer that is due at now, and no other.
func (ts *timers) expire(now time.Duration) {
	for len(ts.heap) > 0 && ts.heap[0].when <= now {
		t := ts.heap[0]
		ts.stop(t)
		t.fire.expired()
	}
}

// after returns d after now, and the end of time rather than an overflow.
func after(now, d time.Duration) time.Duration {
	if sum := now + d; sum >= now {
		return sum
	}
	return math.MaxInt64
}

// next returns the time from now to the first timer, negative if there is none.
func (ts *timers) next(now time.Duration) time.Duration {
	if len(ts.heap) == 0 {
		return -1
	}
	return max(0, ts.heap[0].when-now)
}

func (ts *timers) up(i int) {
	for i > 0 {
		parent := (i - 1) / timerArity
		if ts.heap[parent].when <= ts.heap[i].when {
			return
		}
		ts.swap(i, parent)
		i = parent
	}
}

func (ts *timers) down(i int) {
	for {
		least := i
		first := i*timerArity + 1
		for c := first; c < first+timerArity && c < len(ts.heap); c++ {
			if ts.heap[c].when < ts.heap[least].when {
				least = c
			}
		}
		if least == i {
			return
		}
		ts.swap(i, least)
		i = least
	}
}

func (ts *timers) swap(i, j int) {
	ts.heap[i], ts.heap[j] = ts.heap[j], ts.heap[i]
	ts.heap[i].index, ts.heap[j].index = i+1, j+1
}
