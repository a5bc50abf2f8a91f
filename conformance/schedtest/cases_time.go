package schedtest

import (
	"context"
	"errors"
	"math"
	"os"
	"sync/atomic"
	"time"

	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/sys"
)

func timeCases() []Case {
	return []Case{
		{ID: "time/never-early", Doc: "sched.Task.Sleep", Run: timeNeverEarly,
			Rule:   "Sleep suspends t for at least d.",
			Source: "libxev 214: timers fire early"},
		{ID: "time/stale-clock", Doc: "sched.Task.Sleep", Run: timeStaleClock,
			Rule:   "Sleep suspends t for at least d.",
			Source: "libxev 214, libuv uv_update_time: a clock that was read before the loop was delayed"},
		{ID: "time/order", Doc: "sched.Task.Sleep", Run: timeOrder, Needs: []Feature{InOrder},
			Rule:   "Tasks wake in the order of their deadlines.",
			Source: "gaio 23e468d: a later timer with an earlier deadline is ignored"},
		{ID: "time/extremes", Doc: "stream.Select", Run: timeExtremes,
			Rule:   "The zero time means no deadline.",
			Source: "overflow in the subtraction of times"},
		{ID: "time/signals", Doc: "queue.Queue.Wait", Run: timeSignals, Needs: []Feature{Signals},
			Rule:   "A signal does not end the wait, which continues for the remaining time.",
			Source: "netty 70d4488e: EINTR restarts the full timeout; netpoll 212: EINTR is returned"},
	}
}

// durations lie above and below the clock units of the queues.
var durations = []time.Duration{0, time.Microsecond, 999 * time.Microsecond, 1001 * time.Microsecond, 3300 * time.Microsecond}

func timeNeverEarly(t T, r *Fixture) {
	r.start(t, sched.Options{})
	reg := r.silent(t)
	for _, d := range durations {
		r.do(t, "sleeps", func(task *sched.Task) error {
			begun := time.Now()
			if err := r.ops.sleep(task, d); err != nil || time.Since(begun) < d {
				t.Errorf("Sleep of %v returned %v after %v", d, err, time.Since(begun))
			}
			checkDeadline(t, reg, d)
			return nil
		})
	}
}

func timeStaleClock(t T, r *Fixture) {
	r.start(t, sched.Options{})
	const held, d = 4 * time.Millisecond, 3 * time.Millisecond
	other := r.spawn(t, r.loop(), context.Background(), "also sleeps", func(task *sched.Task) error {
		return r.ops.sleep(task, time.Millisecond)
	})
	r.do(t, "sleeps", func(task *sched.Task) error {
		if err := r.ops.sleep(task, time.Millisecond); err != nil {
			return err
		}
		// The case repeats this: a machine that stops the thread for as long hides a Sleep that is
		// too short.
		for range 3 {
			for begun := time.Now(); time.Since(begun) < held; {
				continue
			}
			begun := time.Now()
			if err := r.ops.sleep(task, d); err != nil || time.Since(begun) < d {
				t.Errorf("Sleep of %v, after the loop was held for %v, returned %v after %v", d, held, err, time.Since(begun))
			}
		}
		return nil
	})
	r.wait(t, other, "another sleeper ends")
}

// sleeper is a task whose deadline, which the loop computes, lies between from and to.
type sleeper struct{ from, to time.Time }

func timeOrder(t T, r *Fixture) {
	r.start(t, sched.Options{})
	r.keeps(t, "tasks begin to sleep within the difference of their durations", func() bool { return !r.sleepInTurn(t) })
}

// sleepInTurn has tasks begin to sleep one after the other, and checks the order in which they
// wake. It reports whether the machine was fast enough for that order to differ from the one in
// which they began.
func (r *Fixture) sleepInTurn(t T) (decided bool) {
	t.Helper()
	milliseconds := []time.Duration{12, 2, 9, 4, 7}
	sleepers := make([]sleeper, len(milliseconds))
	var woken []int
	r.do(t, "starts", func(task *sched.Task) error {
		return task.Suspend(func(resume func()) {
			for i, ms := range milliseconds {
				d := ms * time.Millisecond
				err := task.Go(context.Background(), "sleeps", func(task *sched.Task) error {
					now := time.Now()
					sleepers[i].from = now.Add(d)
					if i > 0 { // the previous task sleeps by now
						sleepers[i-1].to = now.Add(milliseconds[i-1] * time.Millisecond)
					}
					err := r.ops.sleep(task, d)
					if woken = append(woken, i); len(woken) == len(milliseconds) {
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
	before := func(i, j int) bool { return !sleepers[i].to.IsZero() && sleepers[i].to.Before(sleepers[j].from) }
	for n, i := range woken {
		for _, j := range woken[n+1:] {
			if before(j, i) {
				t.Errorf("tasks that sleep for %v woke in the order %v", milliseconds, woken)
				return true
			}
		}
	}
	return before(1, 0)
}

func timeExtremes(t T, r *Fixture) {
	r.start(t, sched.Options{})
	reg := r.silent(t)
	past := []time.Time{time.Unix(1, 0), time.Time{}.Add(1), time.Now().Add(-time.Hour), time.Unix(math.MinInt32, 0)}
	r.do(t, "late", func(task *sched.Task) error {
		for _, deadline := range past {
			if err := reg.Wait(sys.Readable, deadline); !errors.Is(err, os.ErrDeadlineExceeded) {
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
		checkCanceled(t, "Sleep of the longest duration", r.ops.sleep(task, math.MaxInt64))
		return nil
	})
	r.wait(t, begun, "a task sleeps without a deadline")
	r.fence(t)
	cancel(errCase)
	r.wait(t, ages, "a task that sleeps without a deadline is canceled")
}

func timeSignals(t T, r *Fixture) {
	r.start(t, sched.Options{})
	stop := make(chan struct{})
	stopped := make(chan struct{})
	var sent atomic.Int64
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
				sent.Add(1)
			}
		}
	}()
	defer func() {
		close(stop)
		<-stopped
	}()
	const d, signals = 5 * time.Millisecond, 10
	r.do(t, "sleeps", func(task *sched.Task) error {
		r.keeps(t, "signals are sent while a task sleeps", func() bool {
			begun := time.Now()
			err := r.ops.sleep(task, d)
			if err != nil || time.Since(begun) < d {
				t.Errorf("Sleep of %v returned %v after %v", d, err, time.Since(begun))
			}
			return err == nil && sent.Load() < signals
		})
		return nil
	})
}
