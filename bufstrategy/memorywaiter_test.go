package bufstrategy

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// user is a Fixed on a budget, and its waiter.
type user struct {
	*Fixed
	MemoryWaiter
	told int
}

func newUser(t testing.TB, g *MemoryBudget, limit int) *user {
	t.Helper()
	f, err := NewFixed(Options{Limit: limit, Budget: g})
	if err != nil {
		t.Fatal(err)
	}
	u := &user{Fixed: f}
	u.Ready = func() { u.told++ }
	return u
}

func (u *user) try() bool { return len(u.Space()) > 0 }

func TestWaitersAreToldInOrderAndAsManyAsFit(t *testing.T) {
	g := newBudget(t, MemoryBudgetOptions{Limit: 1000})
	hold := newUser(t, g, 1000)
	hold.try()
	var order []int
	var us []*user
	for i, limit := range []int{400, 900, 300, 200, 100} {
		u := newUser(t, g, limit)
		u.Ready = func() { u.told++; order = append(order, i) }
		if u.try() || !g.Enqueue(&u.MemoryWaiter, u.Fixed) {
			t.Fatal("not refused")
		}
		us = append(us, u)
	}
	if n := g.Stats().Waiting; n != 5 {
		t.Errorf("%d waiting, want 5", n)
	}
	hold.Release()
	// 900 does not fit next to 400, and does not hold up the waiters after it.
	if want := []int{0, 2, 3, 4}; !slices.Equal(order, want) {
		t.Fatalf("notified %v, want %v", order, want)
	}
	for _, i := range order {
		if !us[i].try() {
			t.Errorf("waiter %d was notified and refused", i)
		}
		if g.Cancel(&us[i].MemoryWaiter) {
			t.Errorf("Cancel of waiter %d reports that it was not notified", i)
		}
	}
	us[0].Release()
	us[2].Release()
	if us[1].told != 0 {
		t.Error("waiter of 900 was notified with 700 free")
	}
	us[3].Release()
	if us[1].told != 1 || !us[1].try() {
		t.Errorf("waiter of 900 was notified %d times", us[1].told)
	}
	g.Cancel(&us[1].MemoryWaiter)
	for i, u := range us {
		if u.told != 1 {
			t.Errorf("waiter %d was notified %d times", i, u.told)
		}
	}
}

func TestAWaiterThatDoesNotTakePassesItsTurnOn(t *testing.T) {
	g := newBudget(t, MemoryBudgetOptions{Limit: 1000})
	hold := newUser(t, g, 1000)
	hold.try()
	a, b, c := newUser(t, g, 800), newUser(t, g, 800), newUser(t, g, 800)
	for _, u := range []*user{a, b, c} {
		u.try()
		g.Enqueue(&u.MemoryWaiter, u.Fixed)
	}
	if !g.Cancel(&b.MemoryWaiter) || g.Cancel(&b.MemoryWaiter) {
		t.Error("Cancel of a queued waiter: want true once")
	}
	hold.Release()
	if a.told != 1 || b.told != 0 || c.told != 0 {
		t.Fatalf("notified %d, %d, %d times", a.told, b.told, c.told)
	}
	if g.Cancel(&a.MemoryWaiter); c.told != 1 {
		t.Errorf("after Cancel of the waiter with the turn: the next was notified %d times", c.told)
	}
	// Another user comes first, and the waiter that had its turn waits again, after others.
	early := newUser(t, g, 900)
	early.try()
	b.try()
	g.Enqueue(&b.MemoryWaiter, b.Fixed)
	if c.try() || !g.Enqueue(&c.MemoryWaiter, c.Fixed) {
		t.Fatal("not refused")
	}
	early.Release()
	if b.told != 1 || c.told != 1 {
		t.Errorf("notified %d and %d times, want 1 and 1", b.told, c.told)
	}
}

func TestAwaitAfterTheMemoryHasComeBack(t *testing.T) {
	g := newBudget(t, MemoryBudgetOptions{Limit: 1000})
	hold, u := newUser(t, g, 1000), newUser(t, g, 500)
	if g.Enqueue(&u.MemoryWaiter, u.Fixed) {
		t.Error("a buffer without a refusal is queued")
	}
	hold.try()
	u.try()
	hold.Release()
	if !g.Enqueue(&u.MemoryWaiter, u.Fixed) || u.told != 1 {
		t.Errorf("notified %d times", u.told)
	}
	u.try()
	if g.Enqueue(&u.MemoryWaiter, u.Fixed) {
		t.Error("a buffer that got its memory is queued")
	}
	if s := g.Stats(); s.Waiting != 0 || g.promised.Load() != 0 {
		t.Errorf("%+v, %d promised", s, g.promised.Load())
	}
}

// A refusal by the bound of the Pool cannot be resolved by other users of the budget.
func TestAwaitIsNotForTheBoundOfAPool(t *testing.T) {
	g := newBudget(t, MemoryBudgetOptions{Limit: 1 << 20})
	pool, err := NewPoolOf(PoolOptions{Limit: piece, Budget: g})
	if err != nil {
		t.Fatal(err)
	}
	c, err := NewChain(Options{Segment: piece, Pool: pool})
	if err != nil {
		t.Fatal(err)
	}
	e := eater{c}
	e.eat()
	if e.eat() || g.Enqueue(&MemoryWaiter{Ready: func() {}}, c) {
		t.Error("queued for the budget after a refusal by the Pool")
	}
}

// Many goroutines want more than there is, and wait. Some give up. One lost wake-up would stall
// all.
func TestNoWakeUpIsLost(t *testing.T) {
	const goroutines, rounds = 8, 400
	g := newBudget(t, MemoryBudgetOptions{Limit: 2500, High: 2000})
	var wg sync.WaitGroup
	var waits atomic.Int64
	for i := range goroutines {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(i), 7))
			u := newUser(t, g, 500+100*i)
			ready := make(chan struct{}, 1)
			u.Ready = func() { ready <- struct{}{} }
			for range rounds {
				for !u.try() {
					if !g.Enqueue(&u.MemoryWaiter, u.Fixed) {
						t.Error("refused, but Enqueue reports false")
						return
					}
					waits.Add(1)
					if rng.IntN(4) == 0 && g.Cancel(&u.MemoryWaiter) {
						continue
					}
					select {
					case <-ready:
					case <-time.After(2 * time.Minute):
						t.Errorf("timed out after two minutes: goroutine %d still waits: %+v, %d promised", i, g.Stats(), g.promised.Load())
						return
					}
					if rng.IntN(8) == 0 {
						g.Cancel(&u.MemoryWaiter) // has its turn and does not try
					}
				}
				g.Cancel(&u.MemoryWaiter)
				for range rng.IntN(4) {
					runtime.Gosched()
				}
				u.Release()
			}
		})
	}
	wg.Wait()
	if s := g.Stats(); s.Used != 0 || s.PeakUsed > 2500 || s.Waiting != 0 || g.promised.Load() != 0 {
		t.Errorf("at the end: %+v, %d promised", s, g.promised.Load())
	}
	if n := waits.Load(); n < 10 {
		t.Errorf("%d waits: want at least 10", n)
	}
}
