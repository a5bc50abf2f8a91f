package sched

import "testing"

func TestRunQueueGivesItsMemoryBack(t *testing.T) {
	var q runQueue
	const crowd = 64 * runQueueLengthMin
	for i := range crowd {
		q.push(numbered(i))
	}
	for q.count > 0 {
		q.pop()
	}
	if n := len(q.ring); n != crowd {
		t.Fatalf("the ring has %d places after %d tasks: a crowd may be the rule", n, crowd)
	}
	for range 6 * runQueueSpareMax {
		q.push(numbered(0))
		q.pop()
	}
	if n := len(q.ring); n != runQueueLengthMin {
		t.Errorf("the ring has %d places after a time with one task, want %d", n, runQueueLengthMin)
	}
	// A number of tasks that comes and goes allocates nothing.
	var one runnable = numbered(1)
	if n := testing.AllocsPerRun(100, func() {
		for range 2 * runQueueLengthMin {
			q.push(one)
		}
		for q.count > 0 {
			q.pop()
		}
		q.push(one)
		q.pop()
	}); n != 0 {
		t.Errorf("%v allocations a round", n)
	}
}
