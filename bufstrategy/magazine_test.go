package bufstrategy

import (
	"bytes"
	"errors"
	"sync/atomic"
	"testing"
)

func newMagazine(t testing.TB, p *Pool, size int) *Magazine {
	t.Helper()
	c, err := p.NewMagazine(size)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func takeMany(t testing.TB, from lender, n, size int) (taken []Block) {
	t.Helper()
	for range n {
		taken = append(taken, mustTake(t, from, size))
	}
	return taken
}

func TestACacheServesWithoutThePool(t *testing.T) {
	p := newPool(t, PoolOptions{Limit: 1 << 20, Keep: 1 << 20})
	c := newMagazine(t, p, 64<<10)
	c.Put(mustTake(t, c, 1000))
	before := p.Stats() // which changes with whatever the Pool is asked
	if n := testing.AllocsPerRun(100, func() { c.Put(mustTake(t, c, 1000)) }); n != 0 {
		t.Errorf("%v allocations a take", n)
	}
	if s := p.Stats(); s != before {
		t.Errorf("the Pool had to do with it: %+v, before %+v", s, before)
	}
	b := mustTake(t, c, 1000)
	c.Trim()
	if s := p.Stats(); s.Takes != 103 || s.Hits != 102 || s.Cached != 0 || s.Lent != 1024 {
		t.Errorf("after Trim: %+v", s)
	}
	b.Release()
}

func TestACacheMovesBlocksInBatches(t *testing.T) {
	p := newPool(t, PoolOptions{Limit: 1 << 20, Keep: 1 << 20})
	for _, b := range takeMany(t, p, 100, 1024) {
		b.Release()
	}
	c := newMagazine(t, p, 64<<10)
	b := mustTake(t, c, 1024)
	if s := p.Stats(); s.Lent+s.Cached != 32<<10 {
		t.Errorf("one take of many kept brought %d bytes, want 32 KiB", s.Lent+s.Cached)
	}
	c.Put(b)
	c.Trim()
	small := newMagazine(t, p, 8<<10)
	b = mustTake(t, small, 1024)
	if s := p.Stats(); s.Lent+s.Cached != 5<<10 {
		t.Errorf("a cache of 8 KiB brought %d bytes, want 1 KiB and half of its room", s.Lent+s.Cached)
	}
	small.Put(b)
	small.Close()

	// What is fresh is made one at a time.
	p.Trim()
	held := takeMany(t, c, 65, 1024)
	if s := p.Stats(); s.Lent+s.Cached != 65<<10 {
		t.Errorf("65 takes brought %d bytes", s.Lent+s.Cached)
	}
	for i, b := range held {
		c.Put(b)
		if c.held > 64<<10 || i == 63 && c.held != 64<<10 {
			t.Fatalf("the cache of 64 KiB holds %d after %d blocks", c.held, i+1)
		}
	}
	if s := p.Stats(); s.Kept != 32<<10 || s.Cached != 33<<10 || s.Lent != 0 {
		t.Errorf("one block too many gave back %d bytes, want 32 KiB: %+v", s.Kept, s)
	}
}

// A cache that holds blocks of one size makes room for those of another.
func TestACacheGivesBackWhatItHoldsMostOf(t *testing.T) {
	p := newPool(t, PoolOptions{Limit: 1 << 20, Keep: 1 << 20})
	c := newMagazine(t, p, 8<<10)
	large, small := takeMany(t, c, 2, 4096), mustTake(t, c, 256)
	c.Put(large[0])
	c.Put(large[1])
	c.Put(small)
	if c.free[8].n != 1 || c.free[12].n != 1 || p.Stats().Kept != 4096 {
		t.Errorf("it holds %d small, %d large blocks", c.free[8].n, c.free[12].n)
	}
	huge := mustTake(t, c, 64<<10)
	c.Put(huge)
	if c.held > 8<<10 || c.free[16].n != 0 {
		t.Errorf("it holds %d bytes, a block larger than its bound among them: %d", c.held, c.free[16].n)
	}
}

func TestBlocksWanderBetweenCachesAndThePool(t *testing.T) {
	p := newPool(t, PoolOptions{Limit: 64 << 10, Keep: 64 << 10})
	a, b := newMagazine(t, p, 8<<10), newMagazine(t, p, 8<<10)
	// Everything goes one way, many times more than there is.
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
		t.Error("a closed cache keeps a block")
	}
	other := newMagazine(t, newPool(t, PoolOptions{Limit: 1024}), 1024)
	fresh := mustTake(t, p, 10)
	if !panics(func() { a.Put(old) }) || !panics(func() { other.Put(fresh) }) || !panics(func() { _, _ = a.Take(-1) }) {
		t.Error("no panic of Put a second time, into a cache of another pool, or of a negative Take")
	}
	a.Put(Block{})
	for _, size := range []int{0, -1, 64<<10 + 1} {
		if _, err := p.NewMagazine(size); err == nil {
			t.Errorf("NewMagazine(%d): no error", size)
		}
	}
}

// What one loop holds for itself must not starve another.
func TestACacheGivesBackWhenThePoolIsAtItsBound(t *testing.T) {
	p := newPool(t, PoolOptions{Limit: 8 << 10, Keep: 8 << 10})
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
			t.Fatalf("what a cache holds does not count: %v", err)
		}
		next()
		b, err := busy.Take(4096)
		if err != nil {
			t.Fatalf("after the next %s: %v", name, err)
		}
		b.Release()
		// No reason any more: it holds blocks again.
		for _, b := range takeMany(t, idle, 7, 1024) {
			idle.Put(b)
		}
		if idle.held != 7<<10 {
			t.Fatalf("after the %s the cache holds %d", name, idle.held)
		}
		// What can never be had is no reason either.
		if _, err := busy.Take(8<<10 + 1); !errors.Is(err, ErrExhausted) {
			t.Fatal(err)
		}
		idle.Put(mustTake(t, idle, 1024))
		if idle.held != 7<<10 {
			t.Fatal("the cache gave back what could not help")
		}
	}
}

func TestBuffersOnCaches(t *testing.T) {
	p := newPool(t, PoolOptions{Limit: 1 << 20, Keep: 1 << 20})
	a, b := newMagazine(t, p, 64<<10), newMagazine(t, p, 64<<10)
	from, err := NewChain(Options{Magazine: a, Segment: 1024})
	if err != nil {
		t.Fatal(err)
	}
	to, err := NewChain(Options{Magazine: b, Pool: p, Segment: 4096})
	if err != nil {
		t.Fatal(err)
	}
	scratch, err := a.NewScratch(4096)
	if err != nil {
		t.Fatal(err)
	}
	shared, err := NewPerLoop(Options{Scratch: scratch})
	if err != nil {
		t.Fatal(err)
	}
	a.Put(mustTake(t, a, 1024)) // the first segment will come from here
	want := bytes.Repeat([]byte("0123456789"), 1000)
	if _, err := (Writer{from}).Write(want); err != nil {
		t.Fatal(err)
	}
	to.MoveFrom(from)
	if v, err := to.View(len(want)); err != nil || !bytes.Equal(v, want) {
		t.Errorf("after MoveFrom: %v", err)
	}
	to.Release()
	if a.held != 0 || b.held < 10_000 {
		t.Errorf("the caches hold %d, %d, want all with the second", a.held, b.held)
	}
	if _, err := (Writer{shared}).WriteString("left over"); err != nil || scratch.Trim() != nil {
		t.Fatal(err)
	}
	shared.Release()
	if a.held != 256 {
		t.Errorf("the cache holds %d after left-overs were consumed", a.held)
	}
	if _, err := NewChain(Options{Magazine: a, Pool: newPool(t, PoolOptions{Limit: 1024})}); err == nil {
		t.Error("a Magazine beside another Pool: no error")
	}
	if _, err := a.NewScratch(0); err == nil {
		t.Error("a Scratch of no bytes: no error")
	}
}

func TestBoundAndHitRateOfCachesUnderManyGoroutines(t *testing.T) {
	const share = 64 << 10
	// Everybody's share may be lent while every cache is full, and twice that keeps the sizes from
	// one another's way.
	p := newPool(t, PoolOptions{Limit: 4 * soakers * share, Keep: 4 * soakers * share})
	wander := make(chan Block, soakers)
	var rounds atomic.Int64 // of all
	soak(t, p, share, func() hand {
		c, err := p.NewMagazine(share)
		if err != nil {
			t.Error(err)
			return hand{p, Block.Release, func() {}, func() {}}
		}
		n := 0
		release := func(b Block) {
			// A few are returned by another goroutine, to its Magazine, and a few to the Pool.
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
		t.Errorf("after all caches were closed: %+v", s)
	}
	wantReused(t, p)
}
