package stub

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/edgewise-go/edgewise/resolve"
)

// lookups returns the number of lookups at once in the tests of memory.
func lookups() int { return extent(1<<15, 100_000) }

// memoryMax bounds what one lookup may cost, in bytes, besides its Query.
const memoryMax = 640

// TestMemoryOfLookups starts many lookups at once: most of them wait for room with the default
// window, and all are on the wire with a larger one.
func TestMemoryOfLookups(t *testing.T) {
	lookups := lookups()
	for _, window := range []int{DefaultWindow, 1 << 13} {
		t.Run(fmt.Sprintf("window %d", window), func(t *testing.T) {
			queries := make([]*resolve.Query, lookups)
			inbox := resolve.NewInbox(nil)
			for i := range queries {
				question, err := resolve.NewQuestion(fmt.Sprintf("n%d.example", i), resolve.TypeA)
				require.NoError(t, err)
				queries[i] = &resolve.Query{Question: question, Inbox: inbox, Done: func(resolve.Answer, error) {}}
				queries[i].Accept(nil)
			}
			c := New(Options{Servers: []Server{{Addr: addr(1)}}, Window: window, LinkQueries: idsMax})
			opened := 0
			var work Work
			before := heapInUse()
			for _, q := range queries {
				c.Start(q, 0)
				if c.TakeActions(&work); len(work.Actions()) > 0 && work.Actions()[0].Kind == Open {
					opened++
				}
			}
			used := heapInUse() - before
			s := c.Stats()
			require.Equal(t, lookups, s.InFlight+s.Waiting)
			require.LessOrEqual(t, opened, DefaultMaxLinks)
			t.Logf("%d on the wire over %d links, %d waiting: %d bytes per lookup", s.InFlight, opened, s.Waiting, used/lookups)
			require.Less(t, used/lookups, memoryMax)
			require.Len(t, c.Drain(0), lookups)
			runtime.KeepAlive(queries)
		})
	}
}

// heapInUse returns the bytes that are in use.
func heapInUse() int {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}
