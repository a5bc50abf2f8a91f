package sched

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/queue/epoll"
	"github.com/stretchr/testify/require"
)

func TestATaskThatExitsEndsTheLoopAndAllTasks(t *testing.T) {
	ended := map[string]error{}
	q, err := epoll.New(epoll.Options{})
	require.NoError(t, err)
	l := New(q, Options{Ended: func(task string, err error) { ended[task] = err }})
	start := func(name string, body func(*Task) error) {
		require.NoError(t, l.Go(t.Context(), name, body))
	}
	start("polite", func(t *Task) error { return t.Sleep(time.Hour) })
	start("deaf", func(t *Task) error {
		for {
			_ = t.Sleep(time.Hour)
		}
	})
	start("exits too", func(t *Task) error {
		_ = t.Sleep(time.Hour)
		runtime.Goexit()
		return nil
	})
	start("exits", func(t *Task) error {
		if err := t.Yield(); err != nil {
			return err
		}
		runtime.Goexit()
		return nil
	})
	go func() { _ = l.Run(context.Background()) }()
	<-l.over
	if err := l.Shutdown(t.Context()); !errors.Is(err, ErrExited) {
		t.Errorf("Shutdown: got %v, want ErrExited", err)
	}
	for name, want := range map[string]error{"polite": ErrCanceled, "deaf": ErrStopped, "exits too": ErrExited, "exits": ErrExited} {
		if err := ended[name]; !errors.Is(err, want) {
			t.Errorf("task %q: ended with %v, want %v", name, err, want)
		}
	}
	if n := l.Len(); n != 0 {
		t.Errorf("Len: got %d, want 0", n)
	}
}

func TestAQueueThatFailsEndsTheTasks(t *testing.T) {
	q, err := epoll.New(epoll.Options{})
	require.NoError(t, err)
	l := New(q, Options{})
	returned := false
	if err := l.Go(t.Context(), "sleeper", func(t *Task) error {
		defer func() { returned = true }()
		return t.Sleep(time.Hour)
	}); err != nil {
		t.Fatal(err)
	}
	require.NoError(t, l.Go(t.Context(), "closer", func(*Task) error { return q.Close() }))
	if err := l.Run(t.Context()); err == nil {
		t.Error("Run: got nil, want the error of the queue")
	}
	if !returned || l.Len() != 0 {
		t.Errorf("task returned: %v, want true; Len: %d, want 0", returned, l.Len())
	}
}
