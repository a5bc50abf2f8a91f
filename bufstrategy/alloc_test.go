package bufstrategy_test

import (
	"testing"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/bufstrategy/internal/buftest"
	"github.com/edgewise-go/edgewise/bufstrategy/memory"
	"github.com/edgewise-go/edgewise/bufstrategy/message"
	"github.com/stretchr/testify/require"
)

func TestFillAndFlushAllocateNothing(t *testing.T) {
	for name, b := range buftest.EveryStrategy(t) {
		src, dst := &buftest.Endless{N: 3000}, &buftest.Endless{N: 2000}
		round := func() {
			if o, _, err := bufstrategy.Fill(b, src, 0); o == bufstrategy.Failed {
				t.Fatal(err)
			}
			_ = message.Index(b, 1)
			if _, err := b.View(b.Len()); err != nil {
				t.Fatal(err)
			}
			if o, _, err := bufstrategy.Flush(b, dst, 0); o == bufstrategy.Failed {
				t.Fatal(err)
			}
		}
		for range 200 {
			round()
		}
		if n := testing.AllocsPerRun(200, round); n != 0 {
			t.Errorf("%s: %v allocations per round", name, n)
		}
	}
}

func TestSharedBuffersThatTakeTurnsAllocateNothing(t *testing.T) {
	pool, err := memory.NewPool(1<<20, 1<<20)
	require.NoError(t, err)
	scratch, err := bufstrategy.NewScratch(1<<14, pool)
	require.NoError(t, err)
	var bs []*bufstrategy.PerLoop
	for range 10 {
		b, err := bufstrategy.NewPerLoop(bufstrategy.Options{Scratch: scratch})
		require.NoError(t, err)
		bs = append(bs, b)
	}
	src := &buftest.Endless{N: 700}
	round := func() {
		for _, b := range bs {
			if o, _, err := bufstrategy.Fill(b, src, 0); o == bufstrategy.Failed {
				t.Fatal(err)
			}
			b.Discard(max(0, b.Len()-100)) // leftovers for the next round
		}
	}
	for range 10 {
		round()
	}
	if n := testing.AllocsPerRun(100, round); n != 0 {
		t.Errorf("%v allocations per round", n)
	}
}
