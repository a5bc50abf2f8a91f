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
	return runAll(t, Single{New(q, o)}).Loops()[0]
}

// startShared starts a loop with two workers.
func startShared(t testing.TB, o Options) *Loop {
	t.Helper()
	q, err := epoll.New(epoll.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewShared(2, q, o)
	if err != nil {
		t.Fatal(err)
	}
	return runAll(t, s).Loops()[0]
}

// startStealing starts two loops that steal from each other, and returns the first.
func startStealing(t testing.TB, o Options) *Loop {
	t.Helper()
	s, err := NewStealing(2, func() (queue.Queue, error) { return epoll.New(epoll.Options{}) }, o)
	if err != nil {
		t.Fatal(err)
	}
	return runAll(t, s).Loops()[0]
}

// starts are the ways to have a loop.
var starts = map[string]func(t testing.TB, o Options) *Loop{"single": start, "shared": startShared, "stealing": startStealing}

func runAll(t testing.TB, l Scheduler) Scheduler {
	t.Helper()
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
	onEach(t, func(t *testing.T, l *Loop) {
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

// onEach runs f on a loop of each kind, in each mode.
func onEach(t *testing.T, f func(t *testing.T, l *Loop)) {
	for name, start := range starts {
		for _, mode := range []queue.Mode{queue.Level, queue.Edge, queue.OneShot} {
			t.Run(name+"/"+mode.String(), func(t *testing.T) { f(t, start(t, Options{Mode: mode})) })
		}
	}
}
