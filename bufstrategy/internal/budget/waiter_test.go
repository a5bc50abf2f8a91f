package budget

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func newBudget(t testing.TB, o Options) *Budget {
	t.Helper()
	g, err := New(o)
	require.NoError(t, err)
	return g
}

// user takes its memory all at once, like a Fixed, and can wait for it.
type user struct {
	Place
	g          *Budget
	size, held int
	lack       Lack
	tell       func()
	told       int
}

func newUser(g *Budget, size int) *user {
	u := &user{g: g, size: size}
	u.tell = func() { u.told++ }
	return u
}

func (u *user) try() bool {
	if u.held > 0 {
		return true
	}
	if !u.g.Reserve(0, u.size) {
		u.lack = Lack{More: u.size}
		return false
	}
	u.held, u.lack = u.size, Lack{}
	u.g.Settle()
	return true
}

func (u *user) release() {
	u.g.Release(u.held)
	u.held = 0
	u.g.Settle()
}

func (u *user) enqueue() bool { return u.g.Enqueue(&u.Place, u.tell, Refusal{u.g, u.lack}) }

func TestWaitersAreToldInOrderAndAsManyAsFit(t *testing.T) {
	g := newBudget(t, Options{Limit: 1000})
	hold := newUser(g, 1000)
	hold.try()
	var order []int
	var us []*user
	for i, limit := range []int{400, 900, 300, 200, 100} {
		u := newUser(g, limit)
		u.tell = func() { u.told++; order = append(order, i) }
		if u.try() || !u.enqueue() {
			t.Fatal("not refused")
		}
		us = append(us, u)
	}
	if n := g.Stats().Waiting; n != 5 {
		t.Errorf("%d waiting, want 5", n)
	}
	hold.release()
	// 900 does not fit next to 400, and does not hold up the waiters after it.
	if want := []int{0, 2, 3, 4}; !slices.Equal(order, want) {
		t.Fatalf("notified %v, want %v", order, want)
	}
	for _, i := range order {
		if !us[i].try() {
			t.Errorf("waiter %d was notified and refused", i)
		}
		if g.Cancel(&us[i].Place) {
			t.Errorf("Cancel of waiter %d reports that it was not notified", i)
		}
	}
	us[0].release()
	us[2].release()
	if us[1].told != 0 {
		t.Error("waiter of 900 was notified with 700 free")
	}
	us[3].release()
	if us[1].told != 1 || !us[1].try() {
		t.Errorf("waiter of 900 was notified %d times", us[1].told)
	}
	g.Cancel(&us[1].Place)
	for i, u := range us {
		if u.told != 1 {
			t.Errorf("waiter %d was notified %d times", i, u.told)
		}
	}
}

func TestAWaiterThatDoesNotTakePassesItsTurnOn(t *testing.T) {
	g := newBudget(t, Options{Limit: 1000})
	hold := newUser(g, 1000)
	hold.try()
	a, b, c := newUser(g, 800), newUser(g, 800), newUser(g, 800)
	for _, u := range []*user{a, b, c} {
		u.try()
		u.enqueue()
	}
	if !g.Cancel(&b.Place) || g.Cancel(&b.Place) {
		t.Error("Cancel of a queued waiter: want true once")
	}
	hold.release()
	if a.told != 1 || b.told != 0 || c.told != 0 {
		t.Fatalf("notified %d, %d, %d times", a.told, b.told, c.told)
	}
	if g.Cancel(&a.Place); c.told != 1 {
		t.Errorf("after Cancel of the waiter with the turn: the next was notified %d times", c.told)
	}
	// Another user comes first, and the waiter that had its turn waits again, after others.
	early := newUser(g, 900)
	early.try()
	b.try()
	b.enqueue()
	if c.try() || !c.enqueue() {
		t.Fatal("not refused")
	}
	early.release()
	if b.told != 1 || c.told != 1 {
		t.Errorf("notified %d and %d times, want 1 and 1", b.told, c.told)
	}
}

func TestAwaitAfterTheMemoryHasComeBack(t *testing.T) {
	g := newBudget(t, Options{Limit: 1000})
	hold, u := newUser(g, 1000), newUser(g, 500)
	if u.enqueue() {
		t.Error("a buffer without a refusal is queued")
	}
	hold.try()
	u.try()
	hold.release()
	if !u.enqueue() || u.told != 1 {
		t.Errorf("notified %d times", u.told)
	}
	u.try()
	if u.enqueue() {
		t.Error("a buffer that got its memory is queued")
	}
	if s := g.Stats(); s.Waiting != 0 || g.promised.Load() != 0 {
		t.Errorf("%+v, %d promised", s, g.promised.Load())
	}
}

// Many goroutines want more than there is, and wait. Some give up. One lost wake-up would stall
// all.
func TestNoWakeUpIsLost(t *testing.T) {
	const goroutines, rounds = 8, 400
	g := newBudget(t, Options{Limit: 2500, High: 2000})
	// Until each goroutine has waited once, the budget has nothing for any of them. Otherwise a
	// goroutine could run all its rounds before the next one starts.
	hold := newUser(g, 2500)
	hold.try()
	var wg sync.WaitGroup
	var waits atomic.Int64
	var waited sync.WaitGroup
	waited.Add(goroutines)
	for i := range goroutines {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(i), 7))
			u := newUser(g, 500+100*i)
			ready := make(chan struct{}, 1)
			u.tell = func() { ready <- struct{}{} }
			first := sync.OnceFunc(waited.Done)
			defer first()
			for range rounds {
				for !u.try() {
					if !u.enqueue() {
						t.Error("refused, but Enqueue reports false")
						return
					}
					waits.Add(1)
					first()
					if rng.IntN(4) == 0 && g.Cancel(&u.Place) {
						continue
					}
					select {
					case <-ready:
					case <-time.After(2 * time.Minute):
						t.Errorf("timed out after two minutes: goroutine %d still waits: %+v, %d promised", i, g.Stats(), g.promised.Load())
						return
					}
					if rng.IntN(8) == 0 {
						g.Cancel(&u.Place) // has its turn and does not try
					}
				}
				g.Cancel(&u.Place)
				for range rng.IntN(4) {
					runtime.Gosched()
				}
				u.release()
			}
		})
	}
	waited.Wait()
	hold.release()
	wg.Wait()
	if s := g.Stats(); s.Used != 0 || s.PeakUsed > 2500 || s.Waiting != 0 || g.promised.Load() != 0 {
		t.Errorf("at the end: %+v, %d promised", s, g.promised.Load())
	}
	if n := waits.Load(); n < goroutines {
		t.Errorf("%d waits: want at least one per goroutine, %d", n, goroutines)
	}
}
