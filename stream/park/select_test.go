package park

import (
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

func TestASelectAllocatesNothing(t *testing.T) {
	a, b, err := sys.SocketPair()
	if err != nil {
		t.Fatal(err)
	}
	defer sys.Close(a)
	defer sys.Close(b)
	var wanted []stream.Readiness
	for _, h := range []sys.Handle{a, b} {
		r, err := Waiter{}.Register(h)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		wanted = append(wanted, stream.Readiness{Source: r, Direction: sys.Writable})
	}
	s := Waiter{}.NewSelect()
	defer s.Close()
	deadline := time.Now().Add(time.Minute)
	if n := testing.AllocsPerRun(100, func() {
		if err := s.Wait(wanted, deadline); err != nil {
			t.Fatal(err)
		}
		s.Wake()
		if err := s.Wait(nil, deadline); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations per wait, want 0", n)
	}
}
