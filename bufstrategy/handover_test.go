package bufstrategy

import (
	"testing"

	"github.com/edgewise-go/edgewise/bufstrategy/memory"
	"github.com/stretchr/testify/require"
)

func TestMoveFromCountsAsOneCommitAndOneDiscard(t *testing.T) {
	pool, err := memory.NewPool(1<<20, 0)
	require.NoError(t, err)
	cs := chains(t, pool, 64<<10, 1024, 2)
	if _, err := put(cs[0], make([]byte, 5000)); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second call moves nothing
		cs[1].MoveFrom(cs[0])
	}
	if from, to := cs[0].Stats(), cs[1].Stats(); from.Discards != 1 || to.Commits != 1 || to.Moved != 5000 || to.Discards != 0 {
		t.Errorf("from %+v\nto   %+v", from, to)
	}
}
