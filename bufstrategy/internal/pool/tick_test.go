package pool

import "testing"

func TestTickBringsAnIdlePoolToNothing(t *testing.T) {
	p := newPool(t, Options{Limit: 1 << 20, Keep: 1 << 20})
	for size := 256; size <= 64<<10; size *= 2 {
		for _, b := range takeMany(t, p, 200*256/size+1, size) {
			b.Release()
		}
	}
	p.Tick()
	if s := p.Stats(); s.Kept == 0 {
		t.Fatal("first Tick dropped a block that was just used")
	}
	p.Tick()
	if s := p.Stats(); s.Kept != 0 || s.Dropped != s.Takes-s.Hits {
		t.Errorf("after the second Tick: %+v", s)
	}
}

func TestTickLeavesABusyPoolWhatItUses(t *testing.T) {
	p := newPool(t, Options{Limit: 1 << 20, Keep: 1 << 20})
	use := func(n int) {
		for _, b := range takeMany(t, p, n, 1024) {
			b.Release()
		}
	}
	use(100)
	p.Tick()
	for range 5 {
		use(10)
		use(3)
		p.Tick()
		if s := p.Stats(); s.Kept != 10<<10 || s.Dropped != 90 {
			t.Fatalf("want ten blocks kept between two Ticks: %+v", s)
		}
	}
	if s := p.Stats(); s.Takes-s.Hits != 100 {
		t.Errorf("busy pool allocated again: %+v", s)
	}
}

func TestTickOfACacheGivesBackWhatIsIdle(t *testing.T) {
	p := newPool(t, Options{Limit: 1 << 20, Keep: 1 << 20})
	c := newMagazine(t, p, 256<<10)
	use := func(n int) {
		for _, b := range takeMany(t, c, n, 1024) {
			c.Put(b)
		}
	}
	use(100)
	c.Tick()
	for range 3 {
		use(10)
		c.Tick()
		if s := p.Stats(); s.Cached != 10<<10 || s.Kept != 90<<10 {
			t.Fatalf("want ten blocks kept between two Ticks: %+v", s)
		}
	}
	// Now everything is idle, including the rest of the burst in the pool.
	for i := range 3 {
		if i < 2 {
			c.Tick()
		}
		p.Tick()
	}
	if s := p.Stats(); s.Cached != 0 || s.Kept != 0 || s.Lent != 0 {
		t.Errorf("after two Ticks of the Magazine and three of the Pool: %+v", s)
	}
	// A Magazine reports its counters even if it has nothing to give back.
	c.Put(mustTake(t, c, 1024))
	c.Put(mustTake(t, c, 1024))
	c.Tick()
	if s := p.Stats(); s.Cached != 1024 || s.Lent != 0 {
		t.Errorf("after one more use and a Tick: %+v", s)
	}
}
