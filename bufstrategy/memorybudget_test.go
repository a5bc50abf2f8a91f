package bufstrategy

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
)

func newBudget(t testing.TB, o MemoryBudgetOptions) *MemoryBudget {
	t.Helper()
	g, err := NewMemoryBudget(o)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// eater is a Chain of 256-byte pieces, each committed separately.
type eater struct{ *Chain }

const piece = blockMin

func eaters(t testing.TB, g *MemoryBudget, limit, n int) []eater {
	t.Helper()
	pool, err := NewPoolOf(PoolOptions{Limit: MaxLimit, Budget: g})
	if err != nil {
		t.Fatal(err)
	}
	es := make([]eater, n)
	for i := range es {
		c, err := NewChain(Options{Limit: limit, Segment: piece, Pool: pool})
		if err != nil {
			t.Fatal(err)
		}
		es[i] = eater{c}
	}
	return es
}

// eat takes one more piece. It reports false if it was refused or has reached its limit.
func (e eater) eat() bool {
	e.Space()
	if e.offered == 0 {
		return false
	}
	e.Commit(min(e.offered, piece))
	return true
}

func TestAHogLeavesHalfToOthers(t *testing.T) {
	const limit = 1 << 20
	g := newBudget(t, MemoryBudgetOptions{Limit: limit})
	hog := eaters(t, g, MaxLimit, 1)[0]
	for hog.eat() {
		continue
	}
	if n := hog.Len(); n > limit/2 || n < limit/2-2*piece {
		t.Errorf("greedy buffer has %d bytes of %d", n, limit)
	}
	for i, e := range eaters(t, g, 4096, 100) {
		for e.eat() {
			continue
		}
		if e.Len() != 4096 {
			t.Errorf("small buffer %d has %d bytes, want all of its 4096 next to the greedy one", i, e.Len())
		}
	}
}

func TestEqualsGetEqualSharesAndANewcomerFindsRoom(t *testing.T) {
	const limit, n = 4 << 20, 1000
	g := newBudget(t, MemoryBudgetOptions{Limit: limit})
	es := eaters(t, g, MaxLimit, n)
	rng := rand.New(rand.NewPCG(1, 5))
	for ate := true; ate; {
		ate = false
		for _, i := range rng.Perm(n) {
			ate = es[i].eat() || ate
		}
	}
	const share = limit / (n + 1)
	for i, e := range es {
		if e.Len() < share-2*piece || e.Len() > share+2*piece {
			t.Errorf("buffer %d has %d bytes, want %d", i, e.Len(), share)
		}
	}
	if free := limit - g.Stats().Used; free < share-2*piece {
		t.Errorf("%d bytes free, want %d", free, share)
	}
	late := eaters(t, g, MaxLimit, 1)[0]
	for late.eat() {
		continue
	}
	if late.Len() < share/2-2*piece {
		t.Errorf("newcomer has %d bytes, want half of a share of %d", late.Len(), share)
	}
}

// A greedy buffer keeps what it has, but gets nothing more until it has come down to the share of
// the others.
func TestAHogThatIsConsumedComesDownToTheShareOfOthers(t *testing.T) {
	const limit, n = 256 << 10, 20
	g := newBudget(t, MemoryBudgetOptions{Limit: limit})
	es := eaters(t, g, MaxLimit, n)
	for es[0].eat() {
		continue
	}
	rng := rand.New(rand.NewPCG(2, 5))
	for range 100_000 {
		e := es[rng.IntN(n)]
		if rng.IntN(3) == 0 {
			e.Discard(min(e.Len(), piece))
		} else {
			e.eat()
		}
	}
	const share = limit / (n + 1)
	for i, e := range es {
		if e.Len() < share*8/10 || e.Len() > share*12/10 {
			t.Errorf("buffer %d has %d bytes, want about %d", i, e.Len(), share)
		}
	}
}

func TestABudgetThatContradictsItselfIsRefused(t *testing.T) {
	for _, o := range []MemoryBudgetOptions{{}, {Limit: -1}, {Limit: 10, High: 11}, {Limit: 10, Low: 10}, {Limit: 10, High: -1}, {Limit: 10, Low: -1}} {
		if g, err := NewMemoryBudget(o); err == nil {
			t.Errorf("%+v: %v, no error", o, g)
		}
	}
}

// A Pool gives up kept blocks of one size before the budget refuses another size, even below the
// Pool's own bound.
func TestAPoolGivesUpWhatItKeepsForTheBudget(t *testing.T) {
	g := newBudget(t, MemoryBudgetOptions{Limit: 4096})
	pool, err := NewPoolOf(PoolOptions{Limit: 1 << 20, Keep: 1 << 20, Budget: g})
	if err != nil {
		t.Fatal(err)
	}
	var bs []*block
	for range 4096 / blockMin {
		b, _ := pool.take(blockMin, 0)
		bs = append(bs, b)
	}
	if b, budget := pool.take(blockMin, 0); b != nil || !budget {
		t.Errorf("a block beyond the budget: %v, %v", b, budget)
	}
	for _, b := range bs {
		pool.put(b)
	}
	if s := g.Stats(); s.Used != 4096 || s.Refused != 1 {
		t.Errorf("with all blocks kept: %+v", s)
	}
	b, _ := pool.take(4096, 0)
	if b == nil || g.Stats().Used != 4096 || pool.Stats().Kept != 0 {
		t.Fatalf("%v, %+v, %+v", b, g.Stats(), pool.Stats())
	}
	pool.put(b)
	pool.Trim()
	if s := g.Stats(); s.Used != 0 || s.PeakUsed != 4096 {
		t.Errorf("after Trim: %+v", s)
	}
}

func TestAPoolKeepsNothingWhileSomebodyWaits(t *testing.T) {
	g := newBudget(t, MemoryBudgetOptions{Limit: 4096})
	pool, err := NewPoolOf(PoolOptions{Limit: 1 << 20, Keep: 1 << 20, Budget: g})
	if err != nil {
		t.Fatal(err)
	}
	b, _ := pool.take(4096, 0)
	f, err := NewFixed(Options{Limit: 1000, Budget: g})
	if err != nil {
		t.Fatal(err)
	}
	told := 0
	w := MemoryWaiter{Ready: func() { told++ }}
	if f.Space() != nil || !g.Enqueue(&w, f) || told != 0 {
		t.Fatalf("notified %d times, %+v", told, g.Stats())
	}
	pool.put(b)
	if told != 1 || len(f.Space()) == 0 {
		t.Errorf("notified %d times, %+v", told, g.Stats())
	}
	g.Cancel(&w)
}

// The blocks in a Magazine are counted, and come back if the budget refuses, as with the Pool's own
// bound.
func TestACacheGivesUpWhatItHoldsForTheBudget(t *testing.T) {
	g := newBudget(t, MemoryBudgetOptions{Limit: 4096})
	pool, err := NewPoolOf(PoolOptions{Limit: 1 << 20, Keep: 1 << 20, Budget: g})
	if err != nil {
		t.Fatal(err)
	}
	cache, err := pool.NewMagazine(1 << 20)
	if err != nil {
		t.Fatal(err)
	}
	a, _ := cache.take(2048, 0)
	b, _ := cache.take(2048, 0)
	cache.put(a)
	if s := g.Stats(); s.Used != 4096 {
		t.Errorf("with one block in the Magazine: %+v", s)
	}
	f := newUser(t, g, 2048)
	if f.try() || !g.Enqueue(&f.MemoryWaiter, f.Fixed) {
		t.Fatal("not refused")
	}
	cache.put(b)
	if s := g.Stats(); s.Used != 0 || f.told != 1 || !f.try() {
		t.Errorf("notified %d times, %+v", f.told, s)
	}
	g.Cancel(&f.MemoryWaiter)
}

func TestABudgetTellsOfCrossingsInTurns(t *testing.T) {
	var seen []bool // not atomic: the calls must not overlap
	g := newBudget(t, MemoryBudgetOptions{Limit: 10_000, High: 6000, Low: 2000, Crossed: func(paused bool) { seen = append(seen, paused) }})
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(i), 6))
			for range 1000 {
				f, err := NewFixed(Options{Limit: 1 + rng.IntN(5000), Budget: g})
				if err != nil {
					t.Error(err)
					return
				}
				f.Space()
				f.Release()
			}
		})
	}
	wg.Wait()
	f, err := NewFixed(Options{Limit: 10_000, Budget: g})
	if err != nil {
		t.Fatal(err)
	}
	f.Space()
	if !g.Paused() {
		t.Error("not paused with all memory in use")
	}
	f.Release()
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
	var g *MemoryBudget
	within := false
	g = newBudget(t, MemoryBudgetOptions{Limit: 100, High: 60, Low: 20, Crossed: func(paused bool) {
		if within || paused != g.Paused() {
			t.Errorf("Crossed(%v) within another %v, Paused %v", paused, within, g.Paused())
		}
		within = true
		seen = append(seen, g.used.Load())
		if g.used.Load() == 100 {
			g.release(90) // crosses again, and is reported after this call
			g.settle()
		}
		within = false
	}})
	for _, delta := range []int{59, 1, 10, -10, -39, -1, 39, 1, -60, 100} {
		g.used.Add(int64(delta))
		g.settle()
	}
	if want := []int64{60, 20, 60, 0, 100, 10}; !slices.Equal(seen, want) {
		t.Errorf("crossings at %v, want %v", seen, want)
	}
}

// At the bound a Grow continues with the array it has.
func TestGrowAtTheBoundOfABudget(t *testing.T) {
	g := newBudget(t, MemoryBudgetOptions{Limit: 10_000})
	b, err := NewGrow(Options{Limit: 8000, Initial: 1000, Budget: g})
	if err != nil {
		t.Fatal(err)
	}
	b.size = 8000 // after a burst
	hold := newUser(t, g, 7000)
	hold.try()
	n, err := put(b, make([]byte, 5000))
	if n != 1000 || err != ErrExhausted || b.Stats().Resident != 1000 {
		t.Fatalf("%d bytes, %v, %+v", n, err, b.Stats())
	}
	b.Discard(400)
	if n, err := put(b, make([]byte, 5000)); n != 400 || err != ErrExhausted {
		t.Errorf("after a Discard of 400: %d bytes, %v", n, err)
	}
	hold.Release()
	if n, err := put(b, make([]byte, 3000)); n != 3000 || err != nil {
		t.Errorf("with memory again: %d bytes, %v", n, err)
	}
}

func TestABudgetAllocatesNothing(t *testing.T) {
	g := newBudget(t, MemoryBudgetOptions{Limit: 1000, High: 900, Crossed: func(bool) {}})
	hold, u := newUser(t, g, 1000), newUser(t, g, 500)
	hold.try()
	u.try()
	if n := testing.AllocsPerRun(100, func() {
		if !g.Enqueue(&u.MemoryWaiter, u.Fixed) {
			t.Error("Enqueue reports false")
		}
		g.release(1000)
		g.settle()
		g.Cancel(&u.MemoryWaiter)
		if !g.reserve(0, 1000) {
			t.Error("reserve: refused")
		}
		g.settle()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if u.told < 100 {
		t.Errorf("notified %d times", u.told)
	}
}
