package queuetest

import (
	"math"
	"runtime"

	"github.com/edgewise-go/edgewise/queue"
)

func completionMemoryCases() []Case {
	c := completing("no-allocation", "Completer.Submit", "Operations and their completions allocate nothing in steady state.",
		"one allocation per operation causes a garbage collection per second at a million operations", operationsWithoutAllocation)
	c.Alone = true
	return []Case{c}
}

// operationsWithoutAllocation sends and receives on a pair, with and without Buffers.
func operationsWithoutAllocation(t T, c *completer) {
	a, b := pair(t)
	buffers := c.lend(4, 64)
	events := make([]queue.Event, eventsMax)
	data, room := make([]byte, 32), make([]byte, 64)
	send := queue.Op{Kind: queue.OpSend, Handle: b.handle, Data: data, Token: 1}
	recv := queue.Op{Kind: queue.OpRecv, Handle: a.handle, Data: room, Token: 2}
	for _, lending := range []bool{false, true} {
		if lending {
			recv.Data, recv.Buffers = nil, buffers
		}
		least := uint64(math.MaxUint64)
		// Other goroutines may also allocate, but not every time.
		for tries := 0; tries < 1000 && least > 0; tries++ {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := c.Submit(&recv)
			if err == nil {
				_, err = c.Submit(&send)
			}
			for ended := 0; ended < 2 && err == nil; {
				var n int
				n, err = c.Wait(events, c.f.patience)
				if n == 0 && err == nil {
					break // the patience is exhausted
				}
				for i := range events[:n] {
					if e := &events[i]; e.Terminal() {
						ended++
						if e.Completion&queue.Provided != 0 {
							buffers.Return(e.Buffer)
						}
					}
				}
				if ended == 2 {
					runtime.ReadMemStats(&after)
				}
			}
			must(t, err)
			if after.Mallocs == 0 {
				t.Hang("the completions of a send and a receive")
			}
			least = min(least, after.Mallocs-before.Mallocs)
		}
		if least > 0 {
			t.Errorf("a send, a receive and their completions allocate at least %d times (with Buffers: %v)", least, lending)
		}
	}
}
