package streamtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/auto"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/stream"
)

// A caller that waits in the wrong place gets the same error each time, with the remedy, whether or
// not bytes are available. The loop serves others meanwhile.
//
// The test runs on every scheduler. It tries a goroutine that a task has started, without a poller,
// while the task has the thread. It also tries a task that uses a poller.
func TestWhoWaitsInTheWrongPlaceIsToldSo(t *testing.T) {
	for _, mode := range []queue.Mode{queue.Level, queue.Edge, queue.OneShot} {
		for _, p := range placings() {
			t.Run(fmt.Sprintf("%v/%s", mode, p.name), func(t *testing.T) {
				s, err := p.make(func() (queue.Queue, error) { return auto.ByName("auto") }, sched.Options{Mode: mode})
				if err != nil {
					t.Fatal(err)
				}
				ended := make(chan error, 1)
				go func() { ended <- s.Run(context.Background()) }()
				waitInTheWrongPlace(t, s.Loops()[0])
				s.Drain()
				if err := <-ended; err != nil {
					t.Error(err)
				}
			})
		}
	}
}

func waitInTheWrongPlace(t *testing.T, l *sched.Loop) {
	ofTasks, ofGoroutines := newOperations(t, l.Waiter()), newOperations(t, sched.NewPollerOn(l))
	err := l.Call(t.Context(), "waits", func(task *sched.Task) error {
		over := make(chan struct{})
		go func() {
			defer close(over)
			ofTasks.areRefused(t, "Options.Poller")
		}()
		<-over // holds the loop: the task runs when the goroutine would begin to wait
		ofGoroutines.areRefused(t, "Waiter()")
		return task.Yield()
	})
	if err != nil {
		t.Error(err)
	}
	// In the right place they continue, with all bytes.
	if err := l.Call(t.Context(), "reads", func(*sched.Task) error { return ofTasks.readAll() }); err != nil {
		t.Errorf("a task reads what a goroutine could not: %v", err)
	}
	if err := ofGoroutines.readAll(); err != nil {
		t.Errorf("a goroutine reads what a task could not: %v", err)
	}
}

// operations are the kinds of waits: on a connection with bytes, on one without, and on a listener.
type operations struct {
	ready, idle *stream.Conn
	listener    *stream.Listener
}

func newOperations(t *testing.T, w stream.Waiter) operations {
	t.Helper()
	o := operations{ready: filled(t, w)}
	o.idle, _ = connected(t, w)
	var err error
	if o.listener, err = stream.Listen(w, loopback, stream.ListenOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		o.ready.Close()
		o.idle.Close()
		o.listener.Close()
	})
	return o
}

func (o operations) areRefused(t *testing.T, remedy string) {
	p := make([]byte, 1)
	for what, operation := range map[string]func() error{
		"Read of available bytes": func() error { _, err := o.ready.Read(p); return err },
		"Write":                   func() error { _, err := o.ready.Write(p); return err },
		"Read":                    func() error { _, err := o.idle.Read(p); return err },
		"Accept":                  func() error { _, err := o.listener.Accept(); return err },
	} {
		err := operation()
		var n net.Error
		switch {
		case !errors.Is(err, sched.ErrWrongWaiter) || !strings.Contains(err.Error(), remedy):
			t.Errorf("%s: %v, want ErrWrongWaiter and %s", what, err, remedy)
		case errors.As(err, &n) && n.Timeout():
			t.Errorf("%s: %v is a timeout, which callers would retry", what, err)
		}
	}
}

func (o operations) readAll() error {
	for n, p := 0, make([]byte, readyBytes); n < readyBytes; {
		k, err := o.ready.Read(p)
		if err != nil {
			return err
		}
		n += k
	}
	return nil
}
