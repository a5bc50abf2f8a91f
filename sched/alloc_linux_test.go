package sched

import (
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// echoer sends back what comes, and uses a timer at each wait.
type echoer struct {
	h   sys.Handle
	buf [8]byte
}

func (e *echoer) Step(t HandlerTask, _ Cause) Next {
	for {
		n, err := sys.Recv(e.h, e.buf[:])
		switch {
		case err == sys.ErrWouldBlock && !t.Loop().drained.Load():
			return Await(queue.Readable).Within(time.Hour)
		case n == 0 || err != nil:
			return Done(nil)
		}
		if _, err := sys.Send(e.h, e.buf[:n]); err != nil {
			return Done(err)
		}
	}
}

func (e *echoer) End(error) {}

// The other end of the echo is a goroutine, which waits with a deadline.
func TestHandlersAndGoroutinesAllocateNothing(t *testing.T) {
	onEach(t, func(t *testing.T, l *Loop) {
		ha, hb, err := sys.SocketPair()
		if err != nil {
			t.Fatal(err)
		}
		defer sys.Close(ha)
		defer sys.Close(hb)
		err = l.Call(t.Context(), "starts", func(*Task) error {
			_, err := l.Handle(ha, &echoer{h: ha})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		reg, err := l.Goroutines().Register(hb)
		if err != nil {
			t.Fatal(err)
		}
		defer reg.Close()
		p := make([]byte, 1)
		deadline := time.Now().Add(time.Minute)
		allocs := testing.AllocsPerRun(1000, func() {
			if _, err := sys.Send(hb, p); err != nil {
				t.Error(err)
			}
			for {
				n, err := sys.Recv(hb, p)
				if n == 1 {
					return
				}
				if err == sys.ErrWouldBlock {
					err = reg.Wait(sys.Reading, deadline)
				}
				if err != nil {
					t.Fatalf("%v\n%s", err, describe(l, ha, hb))
				}
			}
		})
		if allocs != 0 {
			t.Errorf("%v allocations a round trip", allocs)
		}
		if err := sys.Shutdown(hb, sys.ShutWriting); err != nil {
			t.Error(err)
		}
	})
}
