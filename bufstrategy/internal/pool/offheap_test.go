package pool

import (
	"errors"
	"math/bits"
	"runtime"
	"testing"
)

// offHeapTest runs f on systems with off-heap memory, and checks the refusal elsewhere.
func offHeapTest(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	if offHeapAvailable {
		f(t)
		return
	}
	if _, err := New(Options{Limit: 1024, OffHeap: true}); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("New: %v, want errors.ErrUnsupported", err)
	}
}

func wantMapped(t *testing.T, p *Pool, want int) {
	t.Helper()
	if s := p.Stats(); s.Mapped != want {
		t.Fatalf("%d bytes mapped, want %d: %+v", s.Mapped, want, s)
	}
}

func TestOffHeapBlocksLieInSpans(t *testing.T) {
	offHeapTest(t, func(t *testing.T) {
		p := newPool(t, Options{Limit: 8 << 20, Keep: 8 << 20, OffHeap: true})
		defer p.Close()
		var held []Handle
		for _, c := range []struct{ n, size, spans int }{
			{16, 16 << 10, 1}, {17, 16 << 10, 2}, {1024, 256, 1}, {1, 128 << 10, 1}, {2, 256 << 10, 2}, {1, 300 << 10, 2}, {1, 1 << 20, 4},
		} {
			held = takeMany(t, p, c.n, c.size)
			wantMapped(t, p, c.spans*spanBytes)
			for i, b := range held {
				fillWith(b.Bytes()[:cap(b.Bytes())], byte(i))
			}
			for i, b := range held {
				if at := firstOther(b.Bytes(), byte(i)); at >= 0 {
					t.Errorf("byte %d of block %d of size %d belongs to another block", at, i, c.size)
				}
				b.Release()
			}
			wantMapped(t, p, c.spans*spanBytes) // kept
			p.Trim()
			wantMapped(t, p, 0)
		}
	})
}

// One block keeps its span, and the free part of the span serves the next block of that size.
func TestOffHeapRoomInASpanIsUsedAgain(t *testing.T) {
	offHeapTest(t, func(t *testing.T) {
		p := newPool(t, Options{Limit: 8 << 20, OffHeap: true})
		defer p.Close()
		held := takeMany(t, p, 3*64, 4096)
		wantMapped(t, p, 3*spanBytes)
		for i, b := range held {
			if i%64 != 0 {
				b.Release()
			}
		}
		wantMapped(t, p, 3*spanBytes)
		more := takeMany(t, p, 3*63, 4096)
		wantMapped(t, p, 3*spanBytes)
		one := mustTake(t, p, 4096)
		wantMapped(t, p, 4*spanBytes)
		one.Release()
		wantMapped(t, p, 3*spanBytes)
		for _, b := range more {
			b.Release()
		}
		for i, b := range []Handle{held[64], held[0], held[128]} { // from the middle, from the ends
			b.Release()
			all := takeMany(t, p, (2-i)*63, 4096)
			wantMapped(t, p, (2-i)*spanBytes)
			for _, b := range all {
				b.Release()
			}
			wantMapped(t, p, (2-i)*spanBytes)
		}
	})
}

func TestOffHeapMemoryIsBoundedAlsoWhereItIsScattered(t *testing.T) {
	offHeapTest(t, func(t *testing.T) {
		p := newPool(t, Options{Limit: 4 << 20, OffHeap: true})
		defer p.Close()
		bound := 2*p.limit + 10*spanBytes
		var kept []Handle
		refused := 0
		for size := 256; size <= 128<<10; size *= 2 {
			perSpan := spanBytes / size
			for i := 0; ; i++ {
				b, err := p.Take(size)
				if err != nil {
					if !errors.Is(err, ErrExhausted) {
						t.Fatal(err)
					}
					if errors.Is(err, errSpans) {
						refused++
					}
					break
				}
				kept = append(kept, b)
			}
			var pins []Handle
			for i, b := range kept {
				if i%perSpan == 0 && i < 12*perSpan || b.of.class() != bits.Len(uint(size-1)) {
					pins = append(pins, b)
				} else {
					b.Release()
				}
			}
			kept = pins
			if s := p.Stats(); s.Mapped > bound || s.Lent > p.limit {
				t.Fatalf("%d bytes mapped, bound %d: %+v", s.Mapped, bound, s)
			}
		}
		if refused == 0 {
			t.Errorf("bound never reached: %+v", p.Stats())
		}
		for _, b := range kept {
			b.Release()
		}
		if s := p.Stats(); s.Lent != 0 || s.Mapped != 0 || s.Takes != s.Dropped {
			t.Errorf("after all blocks were released: %+v", s)
		}
		mustTake(t, p, 1<<20).Release()
	})
}

func TestOffHeapSaysWhyTheSystemRefuses(t *testing.T) {
	offHeapTest(t, func(t *testing.T) {
		if bits.UintSize < 64 {
			return // a 32-bit system may be able to map its maximum
		}
		const more = 1 << (bits.UintSize - 14) // more than processors can address
		p := newPool(t, Options{Limit: more, OffHeap: true})
		defer p.Close()
		_, err := p.Take(more)
		if !errors.Is(err, ErrExhausted) || err == ErrExhausted {
			t.Errorf("Take of %d bytes: %v, want ErrExhausted with a reason", more, err)
		}
		if s := p.Stats(); s.Lent != 0 || s.Refused != 1 || s.Takes != 0 {
			t.Errorf("%+v", s)
		}
		mustTake(t, p, 1000).Release()
	})
}

func TestOffHeapMemoryIsNotTheCollectors(t *testing.T) {
	offHeapTest(t, func(t *testing.T) {
		p := newPool(t, Options{Limit: 64 << 20, OffHeap: true})
		defer p.Close()
		before := heap()
		held := takeMany(t, p, 64<<20/(16<<10), 16<<10)
		for _, b := range held {
			b.Bytes()[0] = 1
		}
		if n := heap() - before; n > 4<<20 {
			t.Errorf("64 MiB off-heap use %d bytes of heap", n)
		}
		for _, b := range held {
			b.Release()
		}
		runtime.KeepAlive(held)
	})
}

func TestAClosedPoolLendsNothingAndTakesAllBack(t *testing.T) {
	for _, off := range []bool{false, offHeapAvailable} {
		p := newPool(t, Options{Limit: 1 << 20, Keep: 1 << 20, OffHeap: off})
		c := newMagazine(t, p, 64<<10)
		a, b, mine := mustTake(t, p, 1000), mustTake(t, p, 1000), mustTake(t, c, 1000)
		a.Release()
		c.Put(mine)
		p.Close()
		p.Close()
		fillWith(b.Bytes(), 1)
		if s := p.Stats(); s.Kept != 0 || off && s.Mapped != spanBytes {
			t.Errorf("after Close: %+v", s)
		}
		b.Release()
		c.Tick()
		if s := p.Stats(); s.Lent != 0 || s.Cached != 0 || s.Kept != 0 || s.Mapped != 0 {
			t.Errorf("after all blocks came back: %+v", s)
		}
		if _, err := p.Take(1); !errors.Is(err, ErrExhausted) {
			t.Errorf("Take of a closed pool: %v", err)
		}
	}
}

func TestBoundOfAnOffHeapPoolUnderManyGoroutines(t *testing.T) {
	offHeapTest(t, func(t *testing.T) {
		const share = 64 << 10
		p := newPool(t, Options{Limit: 2 * soakers * share, Keep: 512 << 10, OffHeap: true})
		soak(t, p, share, func() hand {
			c, err := p.NewMagazine(share / 2)
			if err != nil {
				t.Error(err)
			}
			tick := func() {
				c.Tick()
				p.Tick()
				if n := p.Stats().Mapped; n > 2*p.limit+10*spanBytes {
					t.Errorf("%d bytes mapped", n)
				}
			}
			return hand{c, func(b Handle) { c.Put(b) }, tick, c.Close}
		})
		p.Close()
		if s := p.Stats(); s.Lent != 0 || s.Cached != 0 || s.Kept != 0 || s.Mapped != 0 || s.Refused != 0 {
			t.Errorf("after all blocks were released and the pool closed: %+v", s)
		}
	})
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
