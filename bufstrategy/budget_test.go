package bufstrategy

import (
	"math/rand/v2"
	"testing"

	"github.com/edgewise-go/edgewise/bufstrategy/internal/pool"
	"github.com/edgewise-go/edgewise/bufstrategy/memory"
	"github.com/stretchr/testify/require"
)

func newBudget(t testing.TB, o memory.BudgetOptions) *memory.Budget {
	t.Helper()
	g, err := memory.NewBudget(o)
	require.NoError(t, err)
	return g
}

// eater is a Chain of 256-byte pieces, each committed separately.
type eater struct{ *Chain }

const piece = pool.MinBlock

func eaters(t testing.TB, g *memory.Budget, limit, n int) []eater {
	t.Helper()
	pool, err := memory.NewPoolOf(memory.PoolOptions{Limit: MaxLimit, Budget: g})
	require.NoError(t, err)
	es := make([]eater, n)
	for i := range es {
		c, err := NewChain(Options{Limit: limit, Segment: piece, Pool: pool})
		require.NoError(t, err)
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
	g := newBudget(t, memory.BudgetOptions{Limit: limit})
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
	g := newBudget(t, memory.BudgetOptions{Limit: limit})
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
	g := newBudget(t, memory.BudgetOptions{Limit: limit})
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

// At the bound a Grow continues with the array it has.
func TestGrowAtTheBoundOfABudget(t *testing.T) {
	g := newBudget(t, memory.BudgetOptions{Limit: 10_000})
	b, err := NewGrow(Options{Limit: 8000, Initial: 1000, Budget: g})
	require.NoError(t, err)
	b.size = 8000 // after a burst
	hold, err := NewFixed(Options{Limit: 7000, Budget: g})
	require.NoError(t, err)
	hold.Space()
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

// A refusal by the bound of the Pool cannot be resolved by other users of the budget.
func TestAwaitIsNotForTheBoundOfAPool(t *testing.T) {
	g := newBudget(t, memory.BudgetOptions{Limit: 1 << 20})
	pool, err := memory.NewPoolOf(memory.PoolOptions{Limit: piece, Budget: g})
	require.NoError(t, err)
	c, err := NewChain(Options{Segment: piece, Pool: pool})
	require.NoError(t, err)
	e := eater{c}
	e.eat()
	if e.eat() || g.Enqueue(&memory.Waiter{Ready: func() {}}, LastRefusal(c)) {
		t.Error("queued for the budget after a refusal by the Pool")
	}
}

func TestARefusedBufferOfAnyStrategyCanWait(t *testing.T) {
	for _, name := range Names() {
		told := 0
		w := memory.Waiter{Ready: func() { told++ }}
		g := newBudget(t, memory.BudgetOptions{Limit: 256 << 10})
		pool, err := memory.NewPoolOf(memory.PoolOptions{Limit: MaxLimit, Budget: g})
		require.NoError(t, err)
		scratch, err := NewScratch(1000, pool)
		require.NoError(t, err)
		o := Options{Limit: 1000, Pool: pool, Scratch: scratch, Budget: g}
		b, err := ByName(name, o)
		require.NoError(t, err)
		if g.Enqueue(&w, LastRefusal(b)) {
			t.Errorf("%s: queued without a refusal", name)
		}
		// The other buffer of the loop holds the array of a PerLoop, and needs memory to move out.
		other, err := ByName(name, o)
		require.NoError(t, err)
		if name == "perloop" {
			if _, err := put(other, "x"); err != nil {
				t.Fatal(err)
			}
		}
		hold, err := NewFixed(Options{Limit: 256 << 10, Budget: g})
		require.NoError(t, err)
		hold.Space()
		if b.Space() != nil || !g.Enqueue(&w, LastRefusal(b)) || told != 0 {
			t.Errorf("%s: not refused, or not queued, or notified %d times", name, told)
		}
		hold.Release()
		if told != 1 || b.Space() == nil || g.Cancel(&w) {
			t.Errorf("%s: notified %d times, or still no memory", name, told)
		}
		b.Release()
		other.Release()
	}
}
