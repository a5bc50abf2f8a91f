package pool

import (
	"testing"

	"github.com/edgewise-go/edgewise/bufstrategy/internal/budget"
	"github.com/stretchr/testify/require"
)

func newBudget(t testing.TB, o budget.Options) *budget.Budget {
	t.Helper()
	g, err := budget.New(o)
	require.NoError(t, err)
	return g
}

// refuse asks g for n bytes, which it refuses, and returns a waiter for them.
func refuse(t testing.TB, g *budget.Budget, n int, told *int) *budget.Place {
	t.Helper()
	w := &budget.Place{}
	refusal := budget.Refusal{By: g, Lack: budget.Lack{More: n}}
	if g.Reserve(0, n) || !g.Enqueue(w, func() { *told++ }, refusal) || *told != 0 {
		t.Fatalf("not refused, or notified %d times: %+v", *told, g.Stats())
	}
	return w
}

// A Pool gives up kept blocks of one size before the budget refuses another size, even below the
// Pool's own bound.
func TestAPoolGivesUpWhatItKeepsForTheBudget(t *testing.T) {
	g := newBudget(t, budget.Options{Limit: 4096})
	pool, err := New(Options{Limit: 1 << 20, Keep: 1 << 20, Budget: g})
	require.NoError(t, err)
	var bs []*Block
	for range 4096 / MinBlock {
		b, _ := pool.TakeBlock(MinBlock, 0)
		bs = append(bs, b)
	}
	if b, budget := pool.TakeBlock(MinBlock, 0); b != nil || !budget {
		t.Errorf("a block beyond the budget: %v, %v", b, budget)
	}
	for _, b := range bs {
		pool.PutBlock(b)
	}
	if s := g.Stats(); s.Used != 4096 || s.Refused != 1 {
		t.Errorf("with all blocks kept: %+v", s)
	}
	b, _ := pool.TakeBlock(4096, 0)
	if b == nil || g.Stats().Used != 4096 || pool.Stats().Kept != 0 {
		t.Fatalf("%v, %+v, %+v", b, g.Stats(), pool.Stats())
	}
	pool.PutBlock(b)
	pool.Trim()
	if s := g.Stats(); s.Used != 0 || s.PeakUsed != 4096 {
		t.Errorf("after Trim: %+v", s)
	}
}

func TestAPoolKeepsNothingWhileSomebodyWaits(t *testing.T) {
	g := newBudget(t, budget.Options{Limit: 4096})
	pool, err := New(Options{Limit: 1 << 20, Keep: 1 << 20, Budget: g})
	require.NoError(t, err)
	b, _ := pool.TakeBlock(4096, 0)
	told := 0
	w := refuse(t, g, 1000, &told)
	pool.PutBlock(b)
	if told != 1 || !g.Reserve(0, 1000) {
		t.Errorf("notified %d times, %+v", told, g.Stats())
	}
	g.Cancel(w)
}

// The blocks in a Magazine are counted, and come back if the budget refuses, as with the Pool's own
// bound.
func TestACacheGivesUpWhatItHoldsForTheBudget(t *testing.T) {
	g := newBudget(t, budget.Options{Limit: 4096})
	pool, err := New(Options{Limit: 1 << 20, Keep: 1 << 20, Budget: g})
	require.NoError(t, err)
	cache, err := pool.NewMagazine(1 << 20)
	require.NoError(t, err)
	a, _ := cache.TakeBlock(2048, 0)
	b, _ := cache.TakeBlock(2048, 0)
	cache.PutBlock(a)
	if s := g.Stats(); s.Used != 4096 {
		t.Errorf("with one block in the Magazine: %+v", s)
	}
	told := 0
	w := refuse(t, g, 2048, &told)
	cache.PutBlock(b)
	if s := g.Stats(); s.Used != 0 || told != 1 || !g.Reserve(0, 2048) {
		t.Errorf("notified %d times, %+v", told, s)
	}
	g.Cancel(w)
}
