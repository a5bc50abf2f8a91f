package bufstrategy

import (
	"testing"

	"github.com/edgewise-go/edgewise/bufstrategy/memory"
	"github.com/stretchr/testify/require"
)

// returned is a Lender that counts returns.
type returned int

func (r *returned) Return(uint32) { *r++ }

func TestLendAllocatesNothing(t *testing.T) {
	var back returned
	pool, err := memory.NewPool(1<<20, 1<<20)
	require.NoError(t, err)
	open := func() *Kernel {
		k, err := NewKernel(Options{Pool: pool, Lender: &back})
		require.NoError(t, err)
		return k
	}
	from, to := open(), open()
	p := make([]byte, 1000)
	const each = 20
	round := func() {
		for i := range each {
			if !from.Lend(p, uint32(i)) {
				t.Fatal("Lend: segment not taken")
			}
		}
		if from.Lent() != each {
			t.Fatalf("%d segments lent", from.Lent())
		}
		if n := to.MoveFrom(&from.Chain); n != each*len(p) || from.Lent() != 0 || to.Lent() != each {
			t.Fatalf("moved %d bytes; %d and %d segments lent", n, from.Lent(), to.Lent())
		}
		to.Discard(to.Len())
	}
	round()
	if n := testing.AllocsPerRun(100, round); n != 0 {
		t.Errorf("%v allocations per round", n)
	}
	if back != 102*each || from.Stats().Copied+to.Stats().Copied != 0 || pool.Stats().Lent != 0 {
		t.Errorf("%d segments returned; %+v; %+v", back, to.Stats(), pool.Stats())
	}
}
