package sched

import (
	"context"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/epoll"
	"github.com/stretchr/testify/require"
)

func start(t testing.TB, o Options) *Loop {
	t.Helper()
	q, err := epoll.New(epoll.Options{})
	require.NoError(t, err)
	return runAll(t, Single{New(q, o)}).Loops()[0]
}

// startShared starts a loop with two workers.
func startShared(t testing.TB, o Options) *Loop {
	t.Helper()
	q, err := epoll.New(epoll.Options{})
	require.NoError(t, err)
	s, err := NewShared(2, q, o)
	require.NoError(t, err)
	return runAll(t, s).Loops()[0]
}

// startStealing starts two loops that steal from each other, and returns the first.
func startStealing(t testing.TB, o Options) *Loop {
	t.Helper()
	s, err := NewStealing(2, func() (queue.Queue, error) { return epoll.New(epoll.Options{}) }, o)
	require.NoError(t, err)
	return runAll(t, s).Loops()[0]
}

// starts holds a constructor per scheduler.
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
