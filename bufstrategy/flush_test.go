package bufstrategy

import (
	"testing"

	"github.com/edgewise-go/edgewise/bufstrategy/internal/pool"
	"github.com/stretchr/testify/require"
)

func TestFlushGivesNoMoreSegmentsThanASystemCallTakes(t *testing.T) {
	b, err := NewChain(Options{Limit: 200 * pool.MinBlock, Segment: pool.MinBlock})
	require.NoError(t, err)
	if _, err := put(b, make([]byte, b.Limit())); err != nil {
		t.Fatal(err)
	}
	var most int
	o, n, err := Flush(b, sinkFunc(func(segs [][]byte) int {
		most = max(most, len(segs))
		return len(segs) * pool.MinBlock
	}), 0)
	if o != Emptied || n != 200*pool.MinBlock || err != nil || most > vectorMax {
		t.Errorf("Flush: %v, %d, %v, with up to %d segments", o, n, err, most)
	}
}

type sinkFunc func(segs [][]byte) int

func (f sinkFunc) TryWritev(segs [][]byte) (int, error) { return f(segs), nil }
