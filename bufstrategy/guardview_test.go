package bufstrategy

import (
	"strings"
	"testing"

	"github.com/edgewise-go/edgewise/bufstrategy/memory"
	"github.com/stretchr/testify/require"
)

func TestGuardFindsWritesToAViewThatWasKept(t *testing.T) {
	var found []*memory.Misuse
	p, err := memory.NewPoolOf(memory.PoolOptions{
		Limit: 64 << 10, Keep: 64 << 10, Guard: true, Report: func(m *memory.Misuse) { found = append(found, m) },
	})
	require.NoError(t, err)
	chain, err := NewChain(Options{Pool: p, Segment: 1024})
	require.NoError(t, err)
	scratch, err := NewScratch(4096, p)
	require.NoError(t, err)
	shared, err := NewPerLoop(Options{Scratch: scratch})
	require.NoError(t, err)
	for _, b := range []Buffer{chain, shared} {
		if _, err := put(b, "a message to be kept"); err != nil || scratch.Trim() != nil {
			t.Fatal(err)
		}
		v, err := b.View(7)
		require.NoError(t, err)
		b.Discard(b.Len())
		v[3] = 'x'
		p.Trim()
		if len(found) != 1 || found[0].Kind != memory.WrittenAfterRelease || found[0].Offset != 3 {
			t.Fatalf("%v, want one write after release at offset 3", found)
		}
		for _, want := range []string{"taken at:", "Discard", "found at:", "Trim"} {
			if !strings.Contains(found[0].Error(), want) {
				t.Errorf("no %q in:\n%v", want, found[0])
			}
		}
		found = nil
	}
}
