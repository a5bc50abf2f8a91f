package mirror

import (
	"math"
	"testing"
)

// With 32-bit ints, twice the largest size does not fit.
func TestMemoryOfTheGreatestSizeIsMappedTwiceOrRefused(t *testing.T) {
	const size = 1 << 30
	p, err := Map(size)
	if err != nil {
		t.Logf("refused: %v", err)
		return
	}
	if size > math.MaxInt/2 || len(p)/2 != size {
		t.Errorf("%d bytes mapped, want twice %d", len(p), size)
	} else if p[0] = 1; p[size] != 1 {
		t.Error("the halves are not the same memory")
	}
	Unmap(p)
}
