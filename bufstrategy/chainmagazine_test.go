package bufstrategy

import (
	"bytes"
	"testing"

	"github.com/edgewise-go/edgewise/bufstrategy/memory"
	"github.com/stretchr/testify/require"
)

func TestBuffersOnCaches(t *testing.T) {
	p, err := memory.NewPool(1<<20, 1<<20)
	require.NoError(t, err)
	var magazines [2]*memory.Magazine
	for i := range magazines {
		if magazines[i], err = p.NewMagazine(64 << 10); err != nil {
			t.Fatal(err)
		}
	}
	a, b := magazines[0], magazines[1]
	// held returns how many bytes a Magazine holds, and empties it.
	held := func(m *memory.Magazine) int {
		kept := p.Stats().Kept
		m.Trim()
		return p.Stats().Kept - kept
	}
	from, err := NewChain(Options{Magazine: a, Segment: 1024})
	require.NoError(t, err)
	to, err := NewChain(Options{Magazine: b, Pool: p, Segment: 4096})
	require.NoError(t, err)
	scratch, err := NewMagazineScratch(4096, a)
	require.NoError(t, err)
	shared, err := NewPerLoop(Options{Scratch: scratch})
	require.NoError(t, err)
	block, err := a.Take(1024)
	require.NoError(t, err)
	a.Put(block) // the first segment will come from here
	want := bytes.Repeat([]byte("0123456789"), 1000)
	if _, err := put(from, want); err != nil {
		t.Fatal(err)
	}
	to.MoveFrom(from)
	if v, err := to.View(len(want)); err != nil || !bytes.Equal(v, want) {
		t.Errorf("after MoveFrom: %v", err)
	}
	to.Release()
	if m, n := held(a), held(b); m != 0 || n < 10_000 {
		t.Errorf("Magazines hold %d, %d bytes, want everything in the second", m, n)
	}
	if _, err := put(shared, "left over"); err != nil || scratch.Trim() != nil {
		t.Fatal(err)
	}
	shared.Release()
	if n := held(a); n != 256 {
		t.Errorf("Magazine holds %d bytes after leftovers were consumed", n)
	}
	other, err := memory.NewPool(1024, 0)
	require.NoError(t, err)
	if _, err := NewChain(Options{Magazine: a, Pool: other}); err == nil {
		t.Error("Magazine with another Pool: no error")
	}
	if _, err := NewMagazineScratch(0, a); err == nil {
		t.Error("empty Scratch: no error")
	}
	if _, err := NewMagazineScratch(10, nil); err == nil {
		t.Error("NewMagazineScratch without a Magazine: no error")
	}
}
