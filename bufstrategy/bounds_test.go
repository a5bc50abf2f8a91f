package bufstrategy

import (
	"bytes"
	"testing"

	"github.com/edgewise-go/edgewise/bufstrategy/memory"
	"github.com/stretchr/testify/require"
)

// A list of segments must not keep alive memory that the pool has dropped.
func TestAChainForgetsTheSegmentsThatItGaveBack(t *testing.T) {
	pool, err := memory.NewPool(1<<20, 0)
	require.NoError(t, err)
	cs := chains(t, pool, 64<<10, 1024, 2)
	c := cs[0]
	for _, step := range []struct {
		name string
		f    func()
	}{
		{"a Space that got nothing", func() { c.Space(); c.Commit(0) }},
		{"Segments and a Discard of all but the last", func() {
			_, _ = put(c, make([]byte, 10_000)) // it fits
			c.Segments()
			c.Discard(9999)
		}},
		{"Segments and MoveFrom", func() {
			_, _ = put(c, make([]byte, 10_000)) // it fits
			c.Segments()
			cs[1].MoveFrom(c)
		}},
	} {
		step.f()
		for i, s := range c.vec[:cap(c.vec)] {
			if s != nil {
				t.Errorf("after %s: segment %d of the list is kept alive", step.name, i)
				break
			}
		}
	}
}

func TestMoveFromCopiesAsMuchAsThereIsRoomFor(t *testing.T) {
	pool, err := memory.NewPool(4<<20, 1<<20)
	require.NoError(t, err)
	from, to := chains(t, pool, 100_000, 1024, 1)[0], chains(t, pool, 10_000, 1024, 1)[0]
	want := bytes.Repeat([]byte("0123456789"), 9000)
	if _, err := put(from, want); err != nil {
		t.Fatal(err)
	}
	// One block now exceeds the limit of the other side, which has room for several segments.
	if _, err := from.View(50_000); err != nil {
		t.Fatal(err)
	}
	if n := to.MoveFrom(from); n != to.Limit() || to.Len() != n || from.Len() != len(want)-n {
		t.Errorf("moved %d bytes: %d unread of Limit %d, %d left at the source", n, to.Len(), to.Limit(), from.Len())
	}
	if got, err := to.View(to.Len()); err != nil || !bytes.Equal(got, want[:len(got)]) {
		t.Errorf("wrong bytes, %v", err)
	}
}
