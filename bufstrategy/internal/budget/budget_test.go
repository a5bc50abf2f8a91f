package budget

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
)

func TestABudgetThatContradictsItselfIsRefused(t *testing.T) {
	for _, o := range []Options{{}, {Limit: -1}, {Limit: 10, High: 11}, {Limit: 10, Low: 10}, {Limit: 10, High: -1}, {Limit: 10, Low: -1}} {
		if g, err := New(o); err == nil {
			t.Errorf("%+v: %v, no error", o, g)
		}
	}
}

func TestABudgetTellsOfCrossingsInTurns(t *testing.T) {
	var seen []bool // not atomic: the calls must not overlap
	g := newBudget(t, Options{Limit: 10_000, High: 6000, Low: 2000, Crossed: func(paused bool) { seen = append(seen, paused) }})
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(i), 6))
			for range 1000 {
				u := newUser(g, 1+rng.IntN(5000))
				u.try()
				u.release()
			}
		})
	}
	wg.Wait()
	all := newUser(g, 10_000)
	all.try()
	if !g.Paused() {
		t.Error("not paused with all memory in use")
	}
	all.release()
	if s := g.Stats(); s.Used != 0 || s.PeakUsed > 10_000 || g.Paused() {
		t.Errorf("at the end: paused %v, %+v", g.Paused(), s)
	}
	if len(seen) < 2 || len(seen)%2 != 0 {
		t.Errorf("%d crossings", len(seen))
	}
	for i, paused := range seen {
		if paused != (i%2 == 0) {
			t.Fatalf("crossing %d: got %v", i, paused)
		}
	}
}

func TestABudgetCrossesAtItsWatermarks(t *testing.T) {
	var seen []int64
	var g *Budget
	within := false
	g = newBudget(t, Options{Limit: 100, High: 60, Low: 20, Crossed: func(paused bool) {
		if within || paused != g.Paused() {
			t.Errorf("Crossed(%v) within another %v, Paused %v", paused, within, g.Paused())
		}
		within = true
		seen = append(seen, g.used.Load())
		if g.used.Load() == 100 {
			g.Release(90) // crosses again, and is reported after this call
			g.Settle()
		}
		within = false
	}})
	for _, delta := range []int{59, 1, 10, -10, -39, -1, 39, 1, -60, 100} {
		g.used.Add(int64(delta))
		g.Settle()
	}
	if want := []int64{60, 20, 60, 0, 100, 10}; !slices.Equal(seen, want) {
		t.Errorf("crossings at %v, want %v", seen, want)
	}
}

func TestABudgetAllocatesNothing(t *testing.T) {
	g := newBudget(t, Options{Limit: 1000, High: 900, Crossed: func(bool) {}})
	hold, u := newUser(g, 1000), newUser(g, 500)
	hold.try()
	u.try()
	if n := testing.AllocsPerRun(100, func() {
		if !u.enqueue() {
			t.Error("Enqueue reports false")
		}
		g.Release(1000)
		g.Settle()
		g.Cancel(&u.Place)
		if !g.Reserve(0, 1000) {
			t.Error("reserve: refused")
		}
		g.Settle()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if u.told < 100 {
		t.Errorf("notified %d times", u.told)
	}
}
