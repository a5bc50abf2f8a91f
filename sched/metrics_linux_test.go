package sched

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/epoll"
	"github.com/stretchr/testify/require"
)

func newMeasured(t testing.TB, o Options) *Loop {
	q, err := epoll.New(epoll.Options{})
	require.NoError(t, err)
	return New(q, o)
}

// run runs l until the test ends.
func run(t testing.TB, l *Loop) {
	ran := make(chan error, 1)
	go func() { ran <- l.Run(context.Background()) }()
	t.Cleanup(func() {
		l.Drain()
		if err := <-ran; err != nil {
			t.Error(err)
		}
	})
}

func TestMetricsAllocateNothing(t *testing.T) {
	l := newMeasured(t, Options{Mode: queue.Edge, Metrics: true})
	run(t, l)
	err := l.Call(t.Context(), "yields", func(task *Task) error {
		allocs := testing.AllocsPerRun(1000, func() {
			if err := task.Yield(); err != nil {
				t.Error(err)
			}
			if err := task.Sleep(0); err != nil {
				t.Error(err)
			}
		})
		if allocs != 0 {
			t.Errorf("got %v allocations per turn, want 0", allocs)
		}
		return nil
	})
	require.NoError(t, err)
	if m := l.Metrics(); m.Turns < 2000 {
		t.Errorf("metrics: got %v, want at least 2000 turns", m)
	}
}

// A log record has the same content as the JSON.
func TestMetricsAreLogged(t *testing.T) {
	l := newMeasured(t, Options{Metrics: true})
	l.Drain()
	require.NoError(t, l.Run(t.Context()))
	m := l.Metrics()
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("loop", "metrics", m)
	var record struct{ Metrics map[string]any }
	require.NoError(t, json.Unmarshal(log.Bytes(), &record))
	var want map[string]any
	require.NoError(t, json.Unmarshal([]byte(m.String()), &want))
	if len(record.Metrics) != len(want) {
		t.Errorf("log: got %v, want the JSON %v", record.Metrics, want)
	}
	for name, v := range want {
		if _, group := v.(map[string]any); !group && record.Metrics[name] != v {
			t.Errorf("log: %s: got %v, want %v", name, record.Metrics[name], v)
		}
	}
}

// BenchmarkMetrics reports the ratio of a turn's time with metrics to that without. One case has a
// single yielding task, so that the loop looks for events each time. The other has many tasks,
// which spread that cost. The two loops alternate so that other load on the machine affects both.
func BenchmarkMetrics(b *testing.B) {
	const batch = 2000
	for _, tasks := range []int{1, 100} {
		b.Run(fmt.Sprintf("tasks=%d", tasks), func(b *testing.B) {
			off, on := newMeasured(b, Options{}), newMeasured(b, Options{Metrics: true})
			run(b, off)
			run(b, on)
			var without, with time.Duration
			for left := b.N; left > 0; left -= batch {
				n := 1 + min(batch, left)/tasks
				without += yields(b, off, tasks, n)
				with += yields(b, on, tasks, n)
			}
			b.ReportMetric(float64(with)/float64(without), "on/off")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// yields returns how long tasks take to yield n times each.
func yields(b *testing.B, l *Loop, tasks, n int) (took time.Duration) {
	err := l.Call(b.Context(), "starts", func(task *Task) error {
		var jobs []*Job
		for range tasks {
			j, err := task.Start(b.Context(), "yields", func(task *Task) error {
				for range n {
					if err := task.Yield(); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				return err
			}
			jobs = append(jobs, j)
		}
		begun := time.Now()
		for _, j := range jobs {
			if err := task.Join(j); err != nil {
				return err
			}
		}
		took = time.Since(begun)
		return nil
	})
	require.NoError(b, err)
	return took
}
