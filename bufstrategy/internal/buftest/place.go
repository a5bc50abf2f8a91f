// Package buftest makes buffers and sockets for the tests of the packages of this module.
package buftest

import (
	"testing"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/bufstrategy/memory"
)

// Bench is a buffer under test and the other activity on its loop.
type Bench struct {
	bufstrategy.Buffer
	Stale   int    // bytes before those of the test, which keep a ring from resetting its head
	Disturb func() // makes another connection of the loop read
}

// Place returns a buffer of at least limit bytes in which the first byte appended by Feed is at
// position at.
func Place(t testing.TB, name string, limit, at int) *Bench {
	t.Helper()
	pool, err := memory.NewPool(1<<24, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	scratch, err := bufstrategy.NewScratch(limit, pool)
	if err != nil {
		t.Fatal(err)
	}
	open := func() bufstrategy.Buffer {
		b, err := bufstrategy.ByName(name, bufstrategy.Options{Limit: limit, Initial: 1, Segment: 256, Pool: pool, Scratch: scratch, Poison: name != "mirrored"})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	b := &Bench{Buffer: open()}
	other := open()
	t.Cleanup(func() {
		b.Release()
		other.Release() // the collector does not unmap memory
	})
	b.Disturb = func() {
		other.Space()
		other.Commit(0)
	}
	for at %= b.Limit(); at > 0; {
		n := min(at, total(b.Space()))
		b.Commit(n)
		b.Discard(b.Len() - 1)
		b.Stale = 1
		at -= n
	}
	return b
}

// Feed appends as much of p as fits, and returns the rest.
func (b *Bench) Feed(t testing.TB, p []byte) []byte {
	t.Helper()
	n := Append(t, b.Buffer, p)
	if n > 0 || len(p) == 0 {
		b.Discard(b.Stale)
		b.Stale = 0
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

// Append appends as much of p as fits, and returns its size.
func Append(t testing.TB, b bufstrategy.Buffer, p []byte) int {
	t.Helper()
	n := 0
	for n < len(p) {
		segs := b.Space()
		if len(segs) == 0 {
			if b.Len() < b.Limit() {
				t.Fatal(bufstrategy.ErrExhausted)
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

// EveryStrategy returns one buffer of each strategy.
func EveryStrategy(t testing.TB) map[string]bufstrategy.Buffer {
	t.Helper()
	all := map[string]bufstrategy.Buffer{}
	for _, name := range bufstrategy.Names() {
		pool, err := memory.NewPool(1<<20, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		scratch, err := bufstrategy.NewScratch(1<<16, pool)
		if err != nil {
			t.Fatal(err)
		}
		all[name], err = bufstrategy.ByName(name, bufstrategy.Options{Pool: pool, Scratch: scratch, Segment: 4 << 10})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// FuzzNames are the strategies that do not map memory for each run.
var FuzzNames = []string{"fixed", "grow", "ring", "chain", "perloop"}
