package burst

import (
	"math/rand/v2"
	"testing"

	"github.com/edgewise-go/edgewise/bench/internal/report"
	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/stretchr/testify/require"
)

func TestMemoryThatIsKeptIsSeen(t *testing.T) {
	for _, c := range []struct {
		row  Row
		want [2]string
	}{
		{Row{Start: 0, End: 0, HeapStart: 1000, HeapEnd: 1050 + heapNoise}, [2]string{"PASS", "PASS"}},
		{Row{Start: 0, End: 1, HeapStart: 1000, HeapEnd: 1051 + heapNoise}, [2]string{"FAIL", "FAIL"}},
		{Row{Start: 100, End: 106, HeapStart: 1000, HeapEnd: 900}, [2]string{"FAIL", "PASS"}},
	} {
		got := c.row.Checks("here")
		if got[0].Verdict != c.want[0] || got[1].Verdict != c.want[1] {
			t.Errorf("%+v: got %+v, want %v", c.row, got, c.want)
		}
	}
}

// Every strategy reads a burst completely, in waves, and gives the memory back.
func TestBurst(t *testing.T) {
	b := measurement{conns: 50, bytes: 8 << 10, live: 100 << 10, names: bufstrategy.Names(), seed: rand.Uint64(), progress: t.Logf}
	rows, err := b.measure(t.Context(), newInMemory(b))
	require.NoErrorf(t, err, "seed %d", b.seed)
	for _, r := range rows {
		if r.Waves != 5 || r.Peak < 12*b.bytes || r.Checks("")[0].Verdict != report.Pass {
			t.Errorf("got %+v", r)
		}
	}
}

// corrupting is sources whose bytes differ from the burst.
type corrupting struct{ *inMemory }

func (c corrupting) Arrive(first, end int) error {
	for i := first; i < end; i++ {
		c.left[i] = make([]byte, len(c.payload))
	}
	return nil
}

func TestWrongBytesAreSeen(t *testing.T) {
	b := measurement{conns: 1, bytes: 100, live: 100, names: []string{"grow"}, seed: 1, progress: t.Logf}
	if _, err := b.measure(t.Context(), corrupting{newInMemory(b)}); err == nil {
		t.Error("got no error for bytes that were not sent")
	}
}
