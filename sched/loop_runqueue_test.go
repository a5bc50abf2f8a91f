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
		t.Fatalf("ring: got %d places after %d tasks, want as many", n, crowd)
	}
	for range 6 * runQueueSpareMax {
		q.push(numbered(0))
		q.pop()
	}
	if n := len(q.ring); n != runQueueLengthMin {
		t.Errorf("ring: got %d places after a period with one task, want %d", n, runQueueLengthMin)
	}
	// A fluctuating number of tasks allocates nothing.
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
		t.Errorf("got %v allocations per round, want 0", n)
	}
}
