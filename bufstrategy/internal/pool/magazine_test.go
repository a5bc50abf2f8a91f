package pool

import (
	"errors"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

func newMagazine(t testing.TB, p *Pool, size int) *Magazine {
	t.Helper()
	c, err := p.NewMagazine(size)
	require.NoError(t, err)
	return c
}

func takeMany(t testing.TB, from lender, n, size int) (taken []Handle) {
	t.Helper()
	for range n {
		taken = append(taken, mustTake(t, from, size))
	}
	return taken
}

func TestACacheServesWithoutThePool(t *testing.T) {
	p := newPool(t, Options{Limit: 1 << 20, Keep: 1 << 20})
	c := newMagazine(t, p, 64<<10)
	c.Put(mustTake(t, c, 1000))
	before := p.Stats() // changes on any request to the Pool
	if n := testing.AllocsPerRun(100, func() { c.Put(mustTake(t, c, 1000)) }); n != 0 {
		t.Errorf("%v allocations per Take", n)
	}
	if s := p.Stats(); s != before {
		t.Errorf("Take from a Magazine reached the Pool: %+v, before %+v", s, before)
	}
	b := mustTake(t, c, 1000)
	c.Trim()
	if s := p.Stats(); s.Takes != 103 || s.Hits != 102 || s.Cached != 0 || s.Lent != 1024 {
		t.Errorf("after Trim: %+v", s)
	}
	b.Release()
}

func TestACacheMovesBlocksInBatches(t *testing.T) {
	p := newPool(t, Options{Limit: 1 << 20, Keep: 1 << 20})
	for _, b := range takeMany(t, p, 100, 1024) {
		b.Release()
	}
	c := newMagazine(t, p, 64<<10)
	b := mustTake(t, c, 1024)
	if s := p.Stats(); s.Lent+s.Cached != 32<<10 {
		t.Errorf("one Take of many kept blocks transferred %d bytes, want 32 KiB", s.Lent+s.Cached)
	}
	c.Put(b)
	c.Trim()
	small := newMagazine(t, p, 8<<10)
	b = mustTake(t, small, 1024)
	if s := p.Stats(); s.Lent+s.Cached != 5<<10 {
		t.Errorf("a Magazine of 8 KiB received %d bytes, want 1 KiB and half of its room", s.Lent+s.Cached)
	}
	small.Put(b)
	small.Close()

	// Fresh blocks are allocated one per call.
	p.Trim()
	held := takeMany(t, c, 65, 1024)
	if s := p.Stats(); s.Lent+s.Cached != 65<<10 {
		t.Errorf("65 Takes transferred %d bytes", s.Lent+s.Cached)
	}
	for i, b := range held {
		c.Put(b)
		if c.held > 64<<10 || i == 63 && c.held != 64<<10 {
			t.Fatalf("Magazine of 64 KiB holds %d bytes after %d blocks", c.held, i+1)
		}
	}
	if s := p.Stats(); s.Kept != 32<<10 || s.Cached != 33<<10 || s.Lent != 0 {
		t.Errorf("one block above the bound returned %d bytes, want 32 KiB: %+v", s.Kept, s)
	}
}

// A Magazine that holds blocks of one size makes room for blocks of another.
func TestACacheGivesBackWhatItHoldsMostOf(t *testing.T) {
	p := newPool(t, Options{Limit: 1 << 20, Keep: 1 << 20})
	c := newMagazine(t, p, 8<<10)
	large, small := takeMany(t, c, 2, 4096), mustTake(t, c, 256)
	c.Put(large[0])
	c.Put(large[1])
	c.Put(small)
	if c.free[8].n != 1 || c.free[12].n != 1 || p.Stats().Kept != 4096 {
		t.Errorf("Magazine holds %d small, %d large blocks", c.free[8].n, c.free[12].n)
	}
	huge := mustTake(t, c, 64<<10)
	c.Put(huge)
	if c.held > 8<<10 || c.free[16].n != 0 {
		t.Errorf("Magazine holds %d bytes, including %d blocks larger than its bound", c.held, c.free[16].n)
	}
}

func TestBlocksWanderBetweenCachesAndThePool(t *testing.T) {
	p := newPool(t, Options{Limit: 64 << 10, Keep: 64 << 10})
	a, b := newMagazine(t, p, 8<<10), newMagazine(t, p, 8<<10)
	// All blocks go one way, many times more than exist.
	for range 1000 {
		b.Put(mustTake(t, a, 1000))
		a.Put(mustTake(t, b, 300))
		mustTake(t, a, 300).Release()
		a.Put(mustTake(t, p, 300))
	}
	a.Close()
	b.Close()
	if s := p.Stats(); s.Lent != 0 || s.Cached != 0 || s.Takes != 4000 || s.Hits < 3900 {
		t.Errorf("%+v", s)
	}
	old := mustTake(t, a, 10)
	b.Put(old)
	if b.held != 0 || p.Stats().Lent != 0 {
		t.Error("closed Magazine keeps a block")
	}
	other := newMagazine(t, newPool(t, Options{Limit: 1024}), 1024)
	fresh := mustTake(t, p, 10)
	if !panics(func() { a.Put(old) }) || !panics(func() { other.Put(fresh) }) || !panics(func() { _, _ = a.Take(-1) }) {
		t.Error("no panic for a second Put, a Put into a Magazine of another Pool, or a negative Take")
	}
	a.Put(Handle{})
	for _, size := range []int{0, -1, 64<<10 + 1} {
		if _, err := p.NewMagazine(size); err == nil {
			t.Errorf("NewMagazine(%d): no error", size)
		}
	}
}

// The blocks held for one loop must not starve another.
func TestACacheGivesBackWhenThePoolIsAtItsBound(t *testing.T) {
	p := newPool(t, Options{Limit: 8 << 10, Keep: 8 << 10})
	idle, busy := newMagazine(t, p, 8<<10), newMagazine(t, p, 8<<10)
	for _, b := range takeMany(t, idle, 7, 1024) {
		idle.Put(b)
	}
	for name, next := range map[string]func(){
		"put":  func() { idle.Put(mustTake(t, idle, 1024)) },
		"tick": idle.Tick,
		"trim": idle.Trim,
	} {
		if _, err := busy.Take(4096); !errors.Is(err, ErrExhausted) {
			t.Fatalf("blocks in a Magazine do not count: %v", err)
		}
		next()
		b, err := busy.Take(4096)
		require.NoErrorf(t, err, "after the next %s", name)
		b.Release()
		// The pressure is gone: it holds blocks again.
		for _, b := range takeMany(t, idle, 7, 1024) {
			idle.Put(b)
		}
		if idle.held != 7<<10 {
			t.Fatalf("after %s the Magazine holds %d bytes", name, idle.held)
		}
		// An impossible request must not cause pressure either.
		if _, err := busy.Take(8<<10 + 1); !errors.Is(err, ErrExhausted) {
			t.Fatal(err)
		}
		idle.Put(mustTake(t, idle, 1024))
		if idle.held != 7<<10 {
			t.Fatal("Magazine gave back blocks that could not help")
		}
	}
}

func TestBoundAndHitRateOfCachesUnderManyGoroutines(t *testing.T) {
	const share = 64 << 10
	// The share of every goroutine may be in use while every Magazine is full. Twice that keeps the
	// sizes from competing.
	p := newPool(t, Options{Limit: 4 * soakers * share, Keep: 4 * soakers * share})
	wander := make(chan Handle, soakers)
	var rounds atomic.Int64 // of all goroutines
	soak(t, p, share, func() hand {
		c, err := p.NewMagazine(share)
		if err != nil {
			t.Error(err)
			return hand{p, Handle.Release, func() {}, func() {}}
		}
		n := 0
		release := func(b Handle) {
			// Some blocks are returned by another goroutine to its Magazine, and some to the Pool.
			switch n++; {
			case n%16 == 0:
				b.Release()
				return
			case n%8 == 0:
				select {
				case other := <-wander:
					c.Put(other)
				default:
				}
				select {
				case wander <- b:
					return
				default:
				}
			}
			c.Put(b)
		}
		tick := func() {
			if n%5 == 0 {
				c.Tick()
			}
			if rounds.Add(1)%500 == 0 {
				p.Tick()
			}
		}
		return hand{c, release, tick, c.Close}
	})
	for range len(wander) {
		b := <-wander
		b.Release()
	}
	if s := p.Stats(); s.Cached != 0 {
		t.Errorf("after all Magazines were closed: %+v", s)
	}
	wantReused(t, p)
}
