package sched

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/epoll"
	"github.com/edgewise-go/edgewise/sys"
)

func start(t testing.TB, o Options) *Loop {
	t.Helper()
	q, err := epoll.New(epoll.Options{})
	if err != nil {
		t.Fatal(err)
	}
	l := New(q, o)
	ran := make(chan error, 1)
	go func() { ran <- l.Run(context.Background()) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := l.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		if err := <-ran; err != nil {
			t.Error(err)
		}
	})
	return l
}

type end struct {
	h   sys.Handle
	reg Registration
}

func (e end) read(p []byte) (int, error) {
	for {
		n, err := sys.Recv(e.h, p)
		if err != sys.ErrWouldBlock {
			return n, err
		}
		if err := e.reg.Wait(sys.Reading, time.Time{}); err != nil {
			return 0, err
		}
	}
}

func ends(t testing.TB, l *Loop) (a, b end) {
	t.Helper()
	ha, hb, err := sys.SocketPair()
	if err != nil {
		t.Fatal(err)
	}
	ra, err := l.Tasks().Register(ha)
	if err != nil {
		t.Fatal(err)
	}
	rb, err := l.Tasks().Register(hb)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(ra.Close(), rb.Close(), sys.Close(ha), sys.Close(hb)); err != nil {
			t.Error(err)
		}
	})
	return end{ha, ra}, end{hb, rb}
}

func TestPingPongAllocatesNothing(t *testing.T) {
	for _, mode := range []queue.Mode{queue.Level, queue.Edge, queue.OneShot} {
		t.Run(mode.String(), func(t *testing.T) {
			l := start(t, Options{Mode: mode})
			a, b := ends(t, l)
			const rounds = 1000
			err := l.Go(t.Context(), "pong", func(*Task) error {
				p := make([]byte, 1)
				for {
					if n, err := b.read(p); n == 0 || err != nil {
						return err
					}
					if _, err := sys.Send(b.h, p); err != nil {
						return err
					}
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			err = l.Call(t.Context(), "ping", func(*Task) error {
				p := make([]byte, 1)
				allocs := testing.AllocsPerRun(rounds, func() {
					if _, err := sys.Send(a.h, p); err != nil {
						t.Error(err)
					}
					if _, err := a.read(p); err != nil {
						t.Error(err)
					}
				})
				if allocs != 0 {
					t.Errorf("%v allocations a round trip", allocs)
				}
				return sys.Shutdown(a.h, sys.ShutWriting)
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestTimersFireInOrderAndNotAfterStop(t *testing.T) {
	var ts timers
	var fired []int
	all := make([]timer, 100)
	for i := range all {
		i := i
		all[i].fire = expireFunc(func() { fired = append(fired, i) })
		ts.set(&all[i], time.Duration((i*37)%100))
	}
	for i := 0; i < 100; i += 3 {
		ts.stop(&all[i])
	}
	ts.expire(99)
	last := time.Duration(-1)
	for _, i := range fired {
		if i%3 == 0 {
			t.Errorf("timer %d fired after stop", i)
		}
		if all[i].when < last {
			t.Errorf("timer %d at %d fired after one at %d", i, all[i].when, last)
		}
		last = all[i].when
	}
	if len(fired) != 66 || len(ts.heap) != 0 {
		t.Errorf("%d fired, %d left", len(fired), len(ts.heap))
	}
}

type expireFunc func()

func (f expireFunc) expired() { f() }
