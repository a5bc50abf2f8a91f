package bufstrategy

import "testing"

// bench is a buffer under test and the other activity on its loop.
type bench struct {
	Buffer
	stale   int    // bytes before those of the test, which keep a ring from resetting its head
	disturb func() // makes another connection of the loop read
}

// place returns a buffer of at least limit bytes in which the first byte appended by feed is at
// position at.
func place(t testing.TB, name string, limit, at int) *bench {
	t.Helper()
	pool, err := NewPool(1<<24, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	scratch, err := NewScratch(limit, pool)
	if err != nil {
		t.Fatal(err)
	}
	open := func() Buffer {
		b, err := ByName(name, Options{Limit: limit, Initial: 1, Segment: 256, Pool: pool, Scratch: scratch, Poison: name != "mirrored"})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	b := &bench{Buffer: open()}
	other := open()
	t.Cleanup(func() {
		b.Release()
		other.Release() // the collector does not unmap memory
	})
	b.disturb = func() {
		other.Space()
		other.Commit(0)
	}
	for at %= b.Limit(); at > 0; {
		n := min(at, total(b.Space()))
		b.Commit(n)
		b.Discard(b.Len() - 1)
		b.stale = 1
		at -= n
	}
	return b
}

// feed appends as much of p as fits, and returns the rest.
func (b *bench) feed(t testing.TB, p []byte) []byte {
	t.Helper()
	n := appendTo(t, b.Buffer, p)
	if n > 0 || len(p) == 0 {
		b.Discard(b.stale)
		b.stale = 0
	}
	return p[n:]
}

func total(segs [][]byte) int {
	n := 0
	for _, s := range segs {
		n += len(s)
	}
	return n
}

// appendTo appends as much of p as fits, and returns its size.
func appendTo(t testing.TB, b Buffer, p []byte) int {
	t.Helper()
	n := 0
	for n < len(p) {
		segs := b.Space()
		if len(segs) == 0 {
			if b.Len() < b.Limit() {
				t.Fatal(ErrExhausted)
			}
			break
		}
		k := 0
		for _, s := range segs {
			k += copy(s, p[n+k:])
		}
		b.Commit(k)
		n += k
	}
	return n
}

// everyStrategy returns one buffer of each strategy.
func everyStrategy(t testing.TB) map[string]Buffer {
	t.Helper()
	all := map[string]Buffer{}
	for _, name := range Names() {
		pool, err := NewPool(1<<20, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		scratch, err := NewScratch(1<<16, pool)
		if err != nil {
			t.Fatal(err)
		}
		all[name], err = ByName(name, Options{Pool: pool, Scratch: scratch, Segment: 4 << 10})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// fuzzNames are the strategies that do not map memory for each run.
var fuzzNames = []string{"fixed", "grow", "ring", "chain", "perloop"}
