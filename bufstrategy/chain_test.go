package bufstrategy

import (
	"bytes"
	"errors"
	"io"
	"sync"
	"testing"

	"github.com/edgewise-go/edgewise/bufstrategy/memory"
	"github.com/stretchr/testify/require"
)

func chains(t *testing.T, pool *memory.Pool, limit, segment, n int) []*Chain {
	t.Helper()
	var cs []*Chain
	for range n {
		c, err := NewChain(Options{Limit: limit, Segment: segment, Pool: pool, Poison: true})
		require.NoError(t, err)
		cs = append(cs, c)
	}
	return cs
}

// Under -race this shows that a block that moves between buffers of two goroutines is handed over
// properly.
func TestAPoolIsSharedByManyGoroutines(t *testing.T) {
	pool, err := memory.NewPool(64<<10, 16<<10)
	require.NoError(t, err)
	scratches := make([]*Scratch, 4)
	for i := range scratches {
		if scratches[i], err = NewScratch(4<<10, pool); err != nil {
			t.Fatal(err)
		}
	}
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			var bs []Buffer
			for range 3 {
				s, err := NewPerLoop(Options{Scratch: scratches[i], Poison: true})
				if err != nil {
					t.Error(err)
					return
				}
				c, err := NewChain(Options{Pool: pool, Segment: 512, Poison: true})
				if err != nil {
					t.Error(err)
					return
				}
				bs = append(bs, s, c)
			}
			useAll(t, bs, byte(i))
		})
	}
	wg.Wait()
	if s := pool.Stats(); s.Lent != 0 || s.Kept > 16<<10 || s.MaxLent > 64<<10 {
		t.Errorf("after all blocks were released: %+v", s)
	}
}

func useAll(t *testing.T, bs []Buffer, mark byte) {
	for round := range 200 {
		for _, b := range bs {
			n, err := put(b, bytes.Repeat([]byte{mark}, 1+round*7%900))
			if err != nil && !errors.Is(err, ErrExhausted) && !errors.Is(err, io.ErrShortBuffer) {
				t.Errorf("Write: %d, %v", n, err)
			}
			for _, s := range b.Segments() {
				if len(bytes.Trim(s, string(mark))) > 0 && mark < 128 {
					t.Error("found the bytes of another goroutine")
				}
			}
			b.Discard(b.Len() - b.Len()/3)
		}
	}
	for _, b := range bs {
		b.Release()
	}
}

func TestMoveFromHandsSegmentsOver(t *testing.T) {
	pool, err := memory.NewPool(1<<20, 1<<20)
	require.NoError(t, err)
	cs := chains(t, pool, 64<<10, 4096, 2)
	from, to := cs[0], cs[1]
	data := make([]byte, 40_000)
	for i := range data {
		data[i] = byte(i * 31 >> 3)
	}
	if _, err := put(from, data); err != nil {
		t.Fatal(err)
	}
	from.Discard(10)
	if n := to.MoveFrom(from); n != len(data)-10 {
		t.Fatalf("moved %d bytes, want %d", n, len(data)-10)
	}
	got, err := to.View(to.Len())
	before := to.Stats().Copied
	if err != nil || !bytes.Equal(got, data[10:]) {
		t.Errorf("wrong bytes, %v", err)
	}
	if from.Len() != 0 || from.Stats().Resident != 0 || from.Stats().Copied != 0 || before < uint64(len(got)) {
		t.Errorf("the source after the move: %+v; copied for the view: %d", from.Stats(), before)
	}
	to.Release()
	if s := pool.Stats(); s.Lent != 0 || to.Stats().Resident != 0 {
		t.Errorf("after Release: %+v, resident %d", s, to.Stats().Resident)
	}
}

func TestMoveFromStopsAtTheLimitAndGoesOnLater(t *testing.T) {
	pool, err := memory.NewPool(4<<20, 1<<20)
	require.NoError(t, err)
	from, to := chains(t, pool, 100_000, 1024, 1)[0], chains(t, pool, 3000, 1024, 1)[0]
	want := bytes.Repeat([]byte("0123456789"), 9000)
	if _, err := put(from, want); err != nil {
		t.Fatal(err)
	}
	// One block now exceeds the limit of the other side.
	if _, err := from.View(50_000); err != nil {
		t.Fatal(err)
	}
	var got []byte
	for range 1000 {
		to.MoveFrom(from)
		if to.Len() > to.Limit() {
			t.Fatalf("%d bytes of Limit %d", to.Len(), to.Limit())
		}
		if to.Len() == 0 {
			break
		}
		for _, s := range to.Segments() {
			got = append(got, s...)
		}
		to.Discard(to.Len())
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%d bytes arrived, want %d", len(got), len(want))
	}
}

func TestMoveFromCopiesSmallMessages(t *testing.T) {
	pool, err := memory.NewPool(4<<20, 1<<20)
	require.NoError(t, err)
	cs := chains(t, pool, 64<<10, 4096, 2)
	for range 100 {
		if _, err := put(cs[0], "small message"); err != nil {
			t.Fatal(err)
		}
		cs[1].MoveFrom(cs[0])
	}
	if s := cs[1].Stats(); s.Resident != 4096 || cs[1].Len() != 1300 {
		t.Errorf("%d bytes in %d of memory", cs[1].Len(), s.Resident)
	}
	for _, f := range []func(){
		func() { cs[0].MoveFrom(cs[0]) },
		func() { other, _ := NewChain(Options{}); cs[0].MoveFrom(other) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			f()
		}()
	}
}

func TestAChainLeavesThePoolToOthersWhenAViewIsRefused(t *testing.T) {
	pool, err := memory.NewPool(4096, 0)
	require.NoError(t, err)
	c := chains(t, pool, 4096, 1024, 1)[0]
	want := bytes.Repeat([]byte("abcdefgh"), 450)
	if _, err := put(c, want); err != nil {
		t.Fatal(err)
	}
	if _, err := c.View(3000); !errors.Is(err, ErrExhausted) {
		t.Errorf("View: %v, want ErrExhausted", err)
	}
	c.Discard(1000)
	if v, err := c.View(1000); err != nil || !bytes.Equal(v, want[1000:2000]) {
		t.Errorf("View that fits a segment: %v", err)
	}
}

func TestAChainOffersMoreSegmentsWhileTheyAreFilled(t *testing.T) {
	c, err := NewChain(Options{Segment: 1024})
	require.NoError(t, err)
	for i, want := range []int{1, 2, 3, 4, 4} {
		segs := c.Space()
		n := len(segs) * 1024
		if len(segs) != want {
			t.Errorf("turn %d: %d segments, want %d", i, len(segs), want)
		}
		if i == 4 {
			n--
		}
		c.Commit(n)
	}
	// The segment with one byte left, and a fresh one.
	if segs := c.Space(); len(segs) != 2 || len(segs[0]) != 1 {
		t.Errorf("after a short Commit: %d segments", len(segs))
	}
}
