package bufstrategy

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/edgewise-go/edgewise/bufstrategy/memory"
	"github.com/stretchr/testify/require"
)

func TestNamesAreMadeAndOthersRefused(t *testing.T) {
	pool, err := memory.NewPool(1<<20, 0)
	require.NoError(t, err)
	scratch, err := NewScratch(1000, pool)
	require.NoError(t, err)
	for _, name := range Names() {
		if _, err := ByName(name, Options{Scratch: scratch}); err != nil {
			t.Error(err)
		}
	}
	if b, err := ByName("rign", Options{}); b != nil || err == nil || !strings.Contains(err.Error(), "fixed, grow, ring, mirrored, chain, adaptive, perloop, kernel") {
		t.Errorf("ByName of an unknown name: %v, %v", b, err)
	}
}

func TestOptionsThatContradictThemselvesAreRefused(t *testing.T) {
	pool, err := memory.NewPool(1<<20, 0)
	require.NoError(t, err)
	scratch, err := NewScratch(1000, pool)
	require.NoError(t, err)
	for _, o := range []Options{
		{Limit: -1}, {Limit: MaxLimit + 1}, {High: -1}, {Low: -1}, {Initial: -1}, {Segment: -1}, {Segment: MaxLimit + 1}, {MaxLent: -1}, {MaxLent: lentLimit + 1},
		{Limit: 100, High: 300}, {Limit: 100, High: 50, Low: 50},
	} {
		o.Scratch = scratch
		for _, name := range Names() {
			if b, err := ByName(name, o); b != nil || err == nil {
				t.Errorf("ByName(%q, %+v): %v, no error", name, o, b)
			}
		}
	}
	for _, o := range []Options{{}, {Scratch: scratch, Limit: 1001}} {
		if _, err := NewPerLoop(o); err == nil {
			t.Errorf("NewPerLoop(%+v): no error", o)
		}
	}
	for _, size := range []int{0, -1, MaxLimit + 1} {
		if _, err := NewScratch(size, pool); err == nil {
			t.Errorf("NewScratch(%d): no error", size)
		}
	}
	if _, err := NewScratch(10, nil); err == nil {
		t.Error("NewScratch without a pool: no error")
	}
}

func TestGrowDoublesAndShrinks(t *testing.T) {
	g, err := NewGrow(Options{Limit: 10_000, Initial: 1000})
	require.NoError(t, err)
	put := func(n int) {
		t.Helper()
		if _, err := put(g, make([]byte, n)); err != nil {
			t.Fatal(err)
		}
	}
	sizes := []int{}
	for range 10 {
		put(1000)
		if n := g.Stats().Resident; len(sizes) == 0 || sizes[len(sizes)-1] != n {
			sizes = append(sizes, n)
		}
	}
	if want := []int{1000, 2000, 4000, 8000, 10_000}; !slices.Equal(sizes, want) {
		t.Errorf("arrays of %v bytes, want %v", sizes, want)
	}
	g.Discard(g.Len())
	sizes = sizes[:0]
	for range 5 * calmMax {
		put(100)
		g.Discard(100)
		if n := g.Stats().Resident; n > 0 && (len(sizes) == 0 || sizes[len(sizes)-1] != n) {
			sizes = append(sizes, n)
		}
	}
	if want := []int{10_000, 5000, 2500, 1250, 1000}; !slices.Equal(sizes, want) {
		t.Errorf("shrank by %v bytes, want %v", sizes, want)
	}
	put(5000)
	g.Discard(4000)
	g.Trim()
	if n := g.Stats().Resident; n != 1000 || g.Len() != 1000 {
		t.Errorf("after Trim: %d bytes in %d", g.Len(), n)
	}
}

func TestSharedKeepsLeftOversWhenTheScratchMovesOn(t *testing.T) {
	pool, err := memory.NewPool(256, 0)
	require.NoError(t, err)
	scratch, err := NewScratch(1000, pool)
	require.NoError(t, err)
	var bs [3]*PerLoop
	for i := range bs {
		if bs[i], err = NewPerLoop(Options{Scratch: scratch}); err != nil {
			t.Fatal(err)
		}
	}
	write := func(i int, s string, want error) {
		t.Helper()
		if _, err := put(bs[i], s); !errors.Is(err, want) {
			t.Errorf("write to %d: %v, want %v", i, err, want)
		}
	}
	write(0, "first", nil)
	if n := pool.Stats().Lent; n != 0 {
		t.Errorf("%d bytes lent while one buffer reads", n)
	}
	write(1, "second", nil)     // "first" moves to the pool
	write(2, "x", ErrExhausted) // "second" has no room in the pool
	write(0, "more", ErrExhausted)
	if err := scratch.Trim(); !errors.Is(err, ErrExhausted) {
		t.Errorf("Trim of the scratch: %v, want ErrExhausted", err)
	}
	bs[1].Discard(bs[1].Len())
	write(0, " more", nil)
	if v, err := bs[0].View(10); err != nil || string(v) != "first more" {
		t.Errorf("View: %q, %v", v, err)
	}
	if err := scratch.Trim(); err != nil || bs[0].Stats().Resident != 256 {
		t.Errorf("Trim of the scratch: %v, resident %d", err, bs[0].Stats().Resident)
	}
	bs[0].Release()
	if n := pool.Stats().Lent; n != 0 {
		t.Errorf("%d bytes still lent", n)
	}
}

// The array of a loop must not keep a closed connection alive.
func TestAScratchForgetsABufferThatIsEmpty(t *testing.T) {
	pool, err := memory.NewPool(1<<20, 0)
	require.NoError(t, err)
	scratch, err := NewScratch(1000, pool)
	require.NoError(t, err)
	s, err := NewPerLoop(Options{Scratch: scratch})
	require.NoError(t, err)
	for name, end := range map[string]func(){
		"Discard": func() { s.Discard(s.Len()) },
		"Release": s.Release,
	} {
		if _, err := put(s, "request"); err != nil {
			t.Fatal(err)
		}
		end()
		if scratch.owner != nil {
			t.Errorf("after %s: the scratch array still has an owner", name)
		}
	}
	s.Space()
	s.Commit(0)
	if scratch.owner != nil {
		t.Error("after an empty read: the scratch array still has an owner")
	}
}
