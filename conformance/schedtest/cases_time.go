package schedtest

import (
	"context"
	"errors"
	"math"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/sys"
)

func timeCases() []Case {
	return []Case{
		{ID: "time/never-early", Doc: "sched.Task.Sleep", Run: timeNeverEarly,
			Rule:   "Sleep suspends t for d, no less.",
			Source: "libxev 214: timers fire early"},
		{ID: "time/stale-clock", Doc: "sched.Task.Sleep", Run: timeStaleClock,
			Rule:   "Sleep suspends t for d, no less.",
			Source: "libxev 214, libuv uv_update_time: a clock that was read before the loop was held up"},
		{ID: "time/order", Doc: "sched.Task.Sleep", Run: timeOrder, Needs: []Feature{InOrder},
			Rule:   "Tasks wake in the order of their deadlines.",
			Source: "gaio 23e468d: a later timer with an earlier deadline is ignored"},
		{ID: "time/extremes", Doc: "stream.Select", Run: timeExtremes,
			Rule:   "the zero time is no deadline",
			Source: "overflow where times are subtracted"},
		{ID: "time/signals", Doc: "queue.Queue.Wait", Run: timeSignals, Needs: []Feature{Signals},
			Rule:   "A signal does not end the wait: it goes on with the time that is left.",
			Source: "netty 70d4488e: EINTR starts the time anew; netpoll 212: EINTR is returned"},
	}
}

var durations = []time.Duration{0, time.Microsecond, 999 * time.Microsecond, 1001 * time.Microsecond, 7300 * time.Microsecond, 20 * time.Millisecond}

func timeNeverEarly(t T, r *Fixture) {
	r.start(t, sched.Options{})
	reg := r.silent(t)
	for _, d := range durations {
		r.do(t, "sleeps", func(task *sched.Task) error {
			begun := time.Now()
			if err := r.ops.sleep(task, d); err != nil || time.Since(begun) < d {
				t.Errorf("Sleep of %v returned %v after %v", d, err, time.Since(begun))
			}
			deadline := time.Now().Add(d)
			err := reg.Wait(sys.Reading, deadline)
			if late := time.Since(deadline); !errors.Is(err, os.ErrDeadlineExceeded) || late < 0 {
				t.Errorf("Wait for %v returned %v, %v after the deadline", d, err, late)
			}
			return nil
		})
	}
}

func timeStaleClock(t T, r *Fixture) {
	r.start(t, sched.Options{})
	const held, d = 50 * time.Millisecond, 20 * time.Millisecond
	other := r.spawn(t, r.loop(), context.Background(), "also sleeps", func(task *sched.Task) error {
		return r.ops.sleep(task, time.Millisecond)
	})
	r.do(t, "sleeps", func(task *sched.Task) error {
		if err := r.ops.sleep(task, time.Millisecond); err != nil {
			return err
		}
		for begun := time.Now(); time.Since(begun) < held; {
			continue
		}
		begun := time.Now()
		if err := r.ops.sleep(task, d); err != nil || time.Since(begun) < d {
			t.Errorf("Sleep of %v, after the loop was held for %v, returned %v after %v", d, held, err, time.Since(begun))
		}
		return nil
	})
	r.wait(t, other, "another sleeper ends")
}

func timeOrder(t T, r *Fixture) {
	r.start(t, sched.Options{})
	milliseconds := []int{40, 10, 30, 20, 60, 50}
	var mu sync.Mutex // guards what follows
	var woken []int
	r.do(t, "starts", func(task *sched.Task) error {
		begun := time.Now()
		left := len(milliseconds)
		return task.Await(func(resume func()) {
			for _, ms := range milliseconds {
				err := task.Go(context.Background(), "sleeps", func(task *sched.Task) error {
					err := r.ops.sleep(task, time.Until(begun.Add(time.Duration(ms)*time.Millisecond)))
					mu.Lock()
					defer mu.Unlock()
					woken = append(woken, ms)
					if left--; left == 0 {
						resume()
					}
					return err
				})
				if err != nil {
					t.Errorf("Go: %v", err)
				}
			}
		})
	})
	if !slices.IsSorted(woken) {
		t.Errorf("tasks woke in the order of %v milliseconds", woken)
	}
}

func timeExtremes(t T, r *Fixture) {
	r.start(t, sched.Options{})
	reg := r.silent(t)
	past := []time.Time{time.Unix(1, 0), time.Time{}.Add(1), time.Now().Add(-time.Hour), time.Unix(math.MinInt32, 0)}
	r.do(t, "late", func(task *sched.Task) error {
		for _, deadline := range past {
			if err := reg.Wait(sys.Reading, deadline); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("Wait until %v: %v", deadline, err)
			}
		}
		if err := r.ops.sleep(task, -time.Hour); err != nil {
			t.Errorf("Sleep of a negative duration: %v", err)
		}
		return nil
	})
	ctx, cancel := context.WithCancelCause(context.Background())
	begun := make(chan struct{})
	ages := r.spawn(t, r.loop(), ctx, "ages", func(task *sched.Task) error {
		close(begun)
		checkCanceled(t, "Sleep for ever", r.ops.sleep(task, math.MaxInt64))
		return nil
	})
	r.wait(t, begun, "a task sleeps for ever")
	r.fence(t)
	cancel(errCase)
	r.wait(t, ages, "a task that sleeps for ever is cancelled")
}

func timeSignals(t T, r *Fixture) {
	r.start(t, sched.Options{})
	stop := make(chan struct{})
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				if err := r.ops.interrupt(); err != nil {
					t.Errorf("signal: %v", err)
					return
				}
			}
		}
	}()
	defer func() {
		close(stop)
		<-stopped
	}()
	const d = 50 * time.Millisecond
	r.do(t, "sleeps", func(task *sched.Task) error {
		begun := time.Now()
		if err := r.ops.sleep(task, d); err != nil || time.Since(begun) < d {
			t.Errorf("Sleep of %v returned %v after %v", d, err, time.Since(begun))
		}
		return nil
	})
}
