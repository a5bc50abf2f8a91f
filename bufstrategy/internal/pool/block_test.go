package pool

import (
	"errors"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func newPool(t testing.TB, o Options) *Pool {
	t.Helper()
	p, err := New(o)
	require.NoError(t, err)
	return p
}

// mustTake takes n bytes from a Pool or a Magazine.
func mustTake(t testing.TB, from interface{ Take(n int) (Handle, error) }, n int) Handle {
	t.Helper()
	b, err := from.Take(n)
	if err != nil { // not require.NoErrorf, whose arguments are allocated
		t.Fatalf("Take of %d bytes: %v", n, err)
	}
	return b
}

func panics(f func()) (panicked bool) {
	defer func() { panicked = recover() != nil }()
	f()
	return false
}

func TestABlockIsAsLargeAsWasAskedFor(t *testing.T) {
	p := newPool(t, Options{Limit: 8192})
	for n, size := range map[int]int{0: 256, 1: 256, 256: 256, 257: 512, 4096: 4096, 4097: 8192} {
		b := mustTake(t, p, n)
		if len(b.Bytes()) != n || cap(b.Bytes()) != size || p.Stats().Lent != size {
			t.Errorf("Take(%d): %d bytes, capacity %d, lent %d, want capacity %d", n, len(b.Bytes()), cap(b.Bytes()), p.Stats().Lent, size)
		}
		b.Release()
	}
	for _, n := range []int{8193, math.MaxInt/2 + 2, math.MaxInt} {
		if b, err := p.Take(n); !errors.Is(err, ErrExhausted) || b != (Handle{}) {
			t.Errorf("Take(%d): %v, want ErrExhausted", n, err)
		}
	}
	if !panics(func() { _, _ = p.Take(-1) }) {
		t.Error("Take(-1): no panic")
	}
	if s := p.Stats(); s.Refused != 3 || s.Lent != 0 {
		t.Errorf("%+v, want 3 refused", s)
	}
}

func TestABlockIsReleasedOnce(t *testing.T) {
	p := newPool(t, Options{Limit: 1024, Keep: 1024})
	var none Handle
	none.Release()
	if none.Bytes() != nil {
		t.Error("the zero Block has bytes")
	}
	first := mustTake(t, p, 100)
	again := first
	first.Release()
	for name, old := range map[string]Handle{"itself": first, "its copy": again} {
		if !panics(old.Release) || !panics(func() { old.Bytes() }) {
			t.Errorf("%s: no panic on a released Block", name)
		}
	}
	second := mustTake(t, p, 100)
	if !panics(first.Release) || !panics(func() { first.Bytes() }) {
		t.Error("an old Block is usable after its memory was reused")
	}
	if s := p.Stats(); s.Lent != 256 || s.Kept != 0 || s.Hits != 1 {
		t.Errorf("%+v: memory was not reused, or was returned twice", s)
	}
	second.Release()
}

func TestAPoolCountsWhatItDoes(t *testing.T) {
	p := newPool(t, Options{Limit: 2048, Keep: 1024})
	a, b := mustTake(t, p, 1024), mustTake(t, p, 512)
	_, err := p.Take(1000)
	a.Release() // kept
	b.Release() // dropped
	c := mustTake(t, p, 600)
	c.Release()
	p.Trim()
	want := Stats{MaxLent: 1536, Takes: 3, Hits: 1, Refused: 1, Dropped: 2}
	if got := p.Stats(); got != want || !errors.Is(err, ErrExhausted) {
		t.Errorf("%+v, want %+v; at the bound %v", got, want, err)
	}
}

func TestTakeAllocatesNothing(t *testing.T) {
	p := newPool(t, Options{Limit: 1 << 20, Keep: 1 << 20})
	if n := testing.AllocsPerRun(1000, func() {
		b := mustTake(t, p, 3000)
		b.Bytes()[0]++
		b.Release()
	}); n != 0 {
		t.Errorf("%v allocations per Take", n)
	}
}
