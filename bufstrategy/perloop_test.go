package bufstrategy

import (
	"runtime"
	"testing"
	"unsafe"

	"github.com/edgewise-go/edgewise/bufstrategy/memory"
	"github.com/stretchr/testify/require"
)

func TestAnIdleSharedIsAtMost64Bytes(t *testing.T) {
	if n := unsafe.Sizeof(PerLoop{}); n > 64 {
		t.Errorf("size of a PerLoop: %d bytes", n)
	}
	const conns = 100_000
	pool, err := memory.NewPool(256<<20, 1<<20)
	require.NoError(t, err)
	scratch, err := NewScratch(1<<16, pool)
	require.NoError(t, err)
	bs := make([]Buffer, conns)
	before := heap()
	for i := range bs {
		if bs[i], err = NewPerLoop(Options{Scratch: scratch}); err != nil {
			t.Fatal(err)
		}
	}
	// A burst leaves leftovers in every buffer, and then is consumed.
	for _, b := range bs {
		if n, err := put(b, "an incomplete message"); err != nil {
			t.Fatal(n, err)
		}
	}
	if got := pool.Stats().Lent; got < (conns-1)*256 {
		t.Errorf("%d bytes lent, want a block for each connection except one", got)
	}
	for _, b := range bs {
		b.Discard(b.Len())
	}
	if got := pool.Stats(); got.Lent != 0 || got.Kept > 1<<20 {
		t.Errorf("after the burst: %+v", got)
	}
	pool.Trim()
	// Heap statistics count whole pages: allow for growth of the runtime itself.
	if per := float64(heap()-before) / conns; per > 80 {
		t.Errorf("%.0f bytes per idle connection", per)
	}
	runtime.KeepAlive(bs)
}

type watching struct{}

func (watching) Crossed(Buffer, bool) {}

func TestSharedsOfTheSameOptionsHaveAConfigTogether(t *testing.T) {
	pool, err := memory.NewPool(1<<20, 1<<20)
	require.NoError(t, err)
	scratch, err := NewScratch(1<<14, pool)
	require.NoError(t, err)
	limit := 0
	open := func() *PerLoop {
		limit = limit%perLoopConfigsMax + 1
		s, err := NewPerLoop(Options{Scratch: scratch, Limit: limit})
		require.NoError(t, err)
		if s.Limit() != limit {
			t.Errorf("Limit: got %d, want %d", s.Limit(), limit)
		}
		return s
	}
	for range perLoopConfigsMax {
		open()
	}
	if n := testing.AllocsPerRun(100, func() { open() }); n != 1 {
		t.Errorf("%v allocations for a PerLoop whose options are in use", n)
	}
	// A pointer can be compared, a function cannot.
	w := &watching{}
	for _, c := range []struct {
		watcher Watcher
		want    float64
	}{{w, 1}, {*w, 2}, {WatcherFunc(func(Buffer, bool) {}), 2}} {
		one := func() {
			if _, err := NewPerLoop(Options{Scratch: scratch, Watcher: c.watcher}); err != nil {
				t.Fatal(err)
			}
		}
		one()
		if n := testing.AllocsPerRun(100, one); n != c.want {
			t.Errorf("%v allocations for a PerLoop with a %T, want %v", n, c.watcher, c.want)
		}
	}
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestDetachedBytesSurviveTheNextReader(t *testing.T) {
	pool, err := memory.NewPool(1<<10, 0)
	require.NoError(t, err)
	scratch, err := NewScratch(64, pool)
	require.NoError(t, err)
	var bs [2]*PerLoop
	for i := range bs {
		if bs[i], err = NewPerLoop(Options{Scratch: scratch, Poison: true}); err != nil {
			t.Fatal(err)
		}
	}
	if err := bs[0].Detach(); err != nil || pool.Stats().Takes != 0 {
		t.Errorf("Detach of an empty buffer: %v, %+v", err, pool.Stats())
	}
	if _, err := put(bs[0], "kept"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := bs[0].Detach(); err != nil || pool.Stats().Takes != 1 {
			t.Errorf("Detach: %v, %+v", err, pool.Stats())
		}
	}
	kept := bs[0].Segments()[0]
	if _, err := put(bs[1], "another connection"); err != nil {
		t.Fatal(err)
	}
	if string(kept) != "kept" {
		t.Errorf("%q after another buffer has read", kept)
	}
}
