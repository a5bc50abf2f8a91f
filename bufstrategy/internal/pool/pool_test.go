package pool

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAPoolKeepsToItsBounds(t *testing.T) {
	pool, err := New(Options{Limit: 4096, Keep: 1024})
	require.NoError(t, err)
	var lent []*Block
	for b, _ := pool.TakeBlock(1000, 0); b != nil; b, _ = pool.TakeBlock(1000, 0) {
		lent = append(lent, b)
	}
	if s := pool.Stats(); s.Lent != 4096 || s.Refused != 1 || len(lent) != 4 {
		t.Errorf("at the bound: %+v, %d blocks", s, len(lent))
	}
	for _, b := range lent {
		pool.PutBlock(b)
	}
	if s := pool.Stats(); s.Lent != 0 || s.Kept != 1024 {
		t.Errorf("after all blocks came back: %+v", s)
	}
	// Kept blocks of one size must not block another size.
	if b, _ := pool.TakeBlock(4096, 0); b == nil || pool.Stats().Kept != 0 {
		t.Errorf("kept memory not given up: %+v", pool.Stats())
	}
	for _, c := range [][2]int{{0, 0}, {1024, 2048}, {1024, -1}} {
		if _, err := New(Options{Limit: c[0], Keep: c[1]}); err == nil {
			t.Errorf("New(%d, %d): no error", c[0], c[1])
		}
	}
}
