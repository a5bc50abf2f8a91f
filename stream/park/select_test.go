package park

import (
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
	"github.com/stretchr/testify/require"
)

func TestASelectAllocatesNothing(t *testing.T) {
	a, b, err := sys.SocketPair()
	require.NoError(t, err)
	defer sys.Close(a)
	defer sys.Close(b)
	var wanted []stream.Readiness
	for _, h := range []sys.Handle{a, b} {
		r, err := Waiter{}.Register(h)
		require.NoError(t, err)
		defer r.Close()
		wanted = append(wanted, stream.Readiness{Source: r, Direction: sys.Writable})
	}
	s := Waiter{}.NewSelect()
	defer s.Close()
	deadline := time.Now().Add(time.Minute)
	if n := testing.AllocsPerRun(100, func() {
		require.NoError(t, s.Wait(wanted, deadline))
		s.Wake()
		require.NoError(t, s.Wait(nil, deadline))
	}); n != 0 {
		t.Errorf("%v allocations per wait, want 0", n)
	}
}
