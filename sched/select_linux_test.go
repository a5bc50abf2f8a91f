package sched

import (
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// A Select waits for two handles with a deadline, of which one becomes ready, and then for a Wake.
func TestASelectAllocatesNothing(t *testing.T) {
	for _, mode := range []queue.Mode{queue.Level, queue.Edge, queue.OneShot} {
		t.Run(mode.String(), func(t *testing.T) {
			l := start(t, Options{Mode: mode})
			selectsFreely(t, func(h sys.Handle) (Registration, error) { return l.Goroutines().Register(h) }, l.Goroutines().NewSelect())
			err := l.Call(t.Context(), "selects", func(*Task) error {
				selectsFreely(t, func(h sys.Handle) (Registration, error) { return l.Tasks().Register(h) }, l.Tasks().NewSelect())
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
}

func selectsFreely(t *testing.T, register func(sys.Handle) (Registration, error), sel Select) {
	defer sel.Close()
	var wanted []Readiness
	var handles, peers [2]sys.Handle
	for i := range peers {
		h, peer, err := sys.SocketPair()
		if err != nil {
			t.Error(err)
			return
		}
		defer sys.Close(h)
		defer sys.Close(peer)
		r, err := register(h)
		if err != nil {
			t.Error(err)
			return
		}
		defer r.Close()
		wanted, handles[i], peers[i] = append(wanted, Readiness{r, sys.Reading}), h, peer
	}
	p, deadline := make([]byte, 1), time.Now().Add(time.Minute)
	if allocs := testing.AllocsPerRun(200, func() {
		if _, err := sys.Send(peers[1], p); err != nil {
			t.Error(err)
		}
		for n := 0; n == 0; {
			if err := sel.Wait(wanted, deadline); err != nil {
				t.Error(err)
			}
			if _, err := sys.Recv(handles[0], p); err != sys.ErrWouldBlock {
				t.Error(err)
			}
			n, _ = sys.Recv(handles[1], p)
		}
		sel.Wake()
		if err := sel.Wait(nil, deadline); err != nil {
			t.Error(err)
		}
	}); allocs != 0 {
		t.Errorf("%v allocations a wait", allocs)
	}
}
