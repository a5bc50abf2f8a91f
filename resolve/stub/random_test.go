package stub

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// chiSquare returns how far counts are from an even distribution, in standard deviations of the
// statistic.
func chiSquare(counts []int) float64 {
	sum := 0
	for _, n := range counts {
		sum += n
	}
	expected := float64(sum) / float64(len(counts))
	x := 0.0
	for _, n := range counts {
		d := float64(n) - expected
		x += d * d / expected
	}
	degrees := float64(len(counts) - 1)
	return (x - degrees) / math.Sqrt(2*degrees)
}

func TestIDsAndLinksAreRandom(t *testing.T) {
	w := newNetwork(t, 1, Options{Seed: [32]byte{1}, LinkQueries: 100})
	n := extent(8_000, 20_000)
	high, low := make([]int, 256), make([]int, 256)
	steps := make([]int, 256) // from one ID to the next
	turns := make([]int, DefaultSpread)
	last := uint16(0)
	links := map[*Link]int{}
	for i := range n {
		w.lookup(fmt.Sprintf("n%d.example", i)).good(t)
		q := w.sent[i]
		high[q.id>>8]++
		low[q.id&0xff]++
		steps[(q.id-last)>>8]++
		last = q.id
		if _, ok := links[q.link]; !ok {
			links[q.link] = len(links)
		}
		turns[links[q.link]%DefaultSpread]++
	}
	for what, counts := range map[string][]int{"high bytes": high, "low bytes": low, "steps": steps} {
		require.Less(t, math.Abs(chiSquare(counts)), 5.0, what)
	}
	require.Greater(t, len(links), n/200)
	// A guess of the link is right once in Spread, whatever the last one was.
	same := 0
	for i := 1; i < n; i++ {
		if w.sent[i].link == w.sent[i-1].link {
			same++
		}
	}
	require.InDelta(t, 1.0/DefaultSpread, float64(same)/float64(n), 0.02)
	w.sent = nil
}

// The lookups of a burst share a link, and the links of bursts are random.
func TestABurstLeavesFromOneLink(t *testing.T) {
	w := newNetwork(t, 1, Options{Seed: [32]byte{1}, LinkQueries: idsMax, LinkAge: time.Hour})
	burst := func(n int) map[*Link]int {
		w.sent = nil
		for i := range n {
			w.core.Start(w.query(fmt.Sprintf("n%d.example", i)), w.now)
		}
		w.act()
		w.settle(2 * rtt)
		used := map[*Link]int{}
		for _, q := range w.sent {
			used[q.link]++
		}
		return used
	}
	for range DefaultSpread {
		require.Len(t, burst(1), 1) // opens a link
	}
	const n = 2000
	counts := map[*Link]int{}
	for range n {
		used := burst(3)
		require.Len(t, used, 1)
		for l := range used {
			counts[l]++
		}
	}
	require.Len(t, counts, DefaultSpread)
	for _, count := range counts {
		require.InDelta(t, n/DefaultSpread, count, n/20)
	}
	for l, count := range burst(3 * burstMax) {
		require.Zero(t, count%burstMax, l)
	}
}

func TestMoreLookupsThanIDs(t *testing.T) {
	w := newNetwork(t, 1, Options{Window: 1 << 17, LinkQueries: 1 << 17, Spread: 1})
	w.serve[addr(1)] = silence
	n := extent(idsMax, 1<<16) + 1000
	for i := range n {
		w.start(fmt.Sprintf("n%d.example", i))
	}
	require.Equal(t, n, w.core.Stats().InFlight)
	require.Len(t, w.open, n/idsMax+1)
	ids := map[*Link]map[uint16]bool{}
	for _, q := range w.sent {
		if ids[q.link] == nil {
			ids[q.link] = map[uint16]bool{}
		}
		if ids[q.link][q.id] {
			t.Fatalf("the ID %d is used twice on one link", q.id)
		}
		ids[q.link][q.id] = true
	}
	w.core.Drain(w.now)
}
