package schedtest

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/edgewise-go/edgewise/sched"
)

func mutexCases() []Case {
	return []Case{
		{ID: "mutex/held-over-a-suspension", Doc: "sched.Mutex", Run: mutexExcludes,
			Rule:   "Mutex excludes tasks from each other. A task may hold it across a suspension, which is its purpose.",
			Source: "crypto/tls: a lock held across a read stops the loop"},
		{ID: "mutex/first-come", Doc: "sched.Mutex", Run: mutexFirstCome,
			Rule:   "The task that came first is served first.",
			Source: "tokio Mutex: fair"},
		{ID: "mutex/unlocked-by-another", Doc: "sched.Mutex.Unlock", Run: mutexUnlockedByAnother,
			Rule:   "Any task and any goroutine may call Unlock, not only the task that locked m.",
			Source: "sync.Mutex"},
		{ID: "mutex/canceled", Doc: "sched.Mutex.Lock", Run: mutexCanceled,
			Rule:   "Lock returns nil with m locked. It returns t's *CancelError, without the lock, if t was canceled before its turn came.",
			Source: "tokio: a canceled lock future gives up its place"},
		{ID: "mutex/misuse", Doc: "sched.Mutex.Unlock", Run: mutexMisuse,
			Rule:   "Unlock panics if m is not locked.",
			Source: "sync.Mutex"},
		{ID: "semaphore/bound", Doc: "sched.Semaphore.Acquire", Run: semaphoreBound,
			Rule:   "Acquire takes n units, and suspends t until they are available.",
			Source: "golang.org/x/sync/semaphore"},
		{ID: "semaphore/not-overtaken", Doc: "sched.Semaphore", Run: semaphoreNotOvertaken,
			Rule:   "Acquire serves the task that came first, and a small request does not overtake a large one.",
			Source: "golang.org/x/sync/semaphore: large requests starve"},
		{ID: "semaphore/canceled-lets-others-by", Doc: "sched.Semaphore.Acquire", Run: semaphoreCanceled,
			Rule:   "Acquire returns nil with the units. It returns t's *CancelError, without units, if t was canceled before they were available.",
			Source: "golang.org/x/sync/semaphore: a canceled waiter at the head blocked the others"},
		{ID: "semaphore/misuse", Doc: "sched.Semaphore.Release", Run: semaphoreMisuse,
			Rule:   "Release panics if fewer than n units are in use, or n is not positive.",
			Source: "golang.org/x/sync/semaphore: released more than held"},
	}
}

func mutexExcludes(t T, r *Fixture) {
	r.start(t, sched.Options{})
	var m sched.Mutex
	const tasks, rounds = 4, 10
	inside, entered := 0, 0 // guarded by m; the race detector checks that
	var done []<-chan struct{}
	for i := range tasks {
		l := r.loop()
		if i%2 == 1 {
			l = r.otherLoop()
		}
		done = append(done, r.spawn(t, l, context.Background(), fmt.Sprint(i), func(task *sched.Task) error {
			for range rounds {
				if err := r.ops.lock(&m, task); err != nil {
					t.Errorf("Lock: %v", err)
					return nil
				}
				inside++
				_ = task.Yield()
				if inside != 1 {
					t.Errorf("%d tasks hold the lock", inside)
				}
				inside--
				entered++
				r.ops.unlock(&m)
			}
			return nil
		}))
	}
	for _, d := range done {
		r.wait(t, d, "a task that locks ends")
	}
	if !m.TryLock() || m.TryLock() {
		t.Errorf("TryLock of a free mutex failed, or of a locked one succeeded")
	}
	if entered != tasks*rounds {
		t.Errorf("the lock was taken %d times", entered)
	}
}

// inLine starts a task that waits in line, and returns once it waits, which is when its first turn
// is over. The case counts turns of the loop; no other task has turns meanwhile.
func (r *Fixture) inLine(t T, ctx context.Context, name string, b body) <-chan struct{} {
	t.Helper()
	before := r.loop().Metrics().Turns
	done := r.spawn(t, r.loop(), ctx, name, b)
	r.until(t, func() bool { return r.loop().Metrics().Turns > before }, name+" waits in line")
	return done
}

// startCounted starts a scheduler that counts turns, whatever a mutant does to Options.Metrics.
func (r *Fixture) startCounted(t T) {
	t.Helper()
	options := r.ops.options
	r.ops.options = func(o sched.Options) sched.Options {
		o = options(o)
		o.Metrics = true
		return o
	}
	r.start(t, sched.Options{})
}

func mutexFirstCome(t T, r *Fixture) {
	r.startCounted(t)
	var m sched.Mutex
	if !m.TryLock() {
		t.Fatalf("TryLock fails")
	}
	var order []int
	var done []<-chan struct{}
	for i := range 4 {
		done = append(done, r.inLine(t, context.Background(), fmt.Sprint(i), func(task *sched.Task) error {
			if err := r.ops.lock(&m, task); err != nil {
				t.Errorf("Lock: %v", err)
				return nil
			}
			order = append(order, i)
			_ = task.Yield()
			r.ops.unlock(&m)
			return nil
		}))
	}
	r.on(t, func() { r.ops.unlock(&m) })
	for _, d := range done {
		r.wait(t, d, "a task that locks ends")
	}
	if !slices.IsSorted(order) || len(order) != 4 {
		t.Errorf("the lock was given in the order %v", order)
	}
}

func mutexUnlockedByAnother(t T, r *Fixture) {
	r.start(t, sched.Options{})
	var m sched.Mutex
	for _, l := range []*sched.Loop{r.loop(), r.otherLoop()} {
		r.do(t, "locks", func(task *sched.Task) error { return r.ops.lock(&m, task) })
		r.wait(t, r.spawn(t, l, context.Background(), "unlocks", func(*sched.Task) error {
			r.ops.unlock(&m)
			return nil
		}), "Unlock returns")
	}
	r.do(t, "locks", func(task *sched.Task) error { return r.ops.lock(&m, task) })
	r.ops.unlock(&m) // by a goroutine
	if !m.TryLock() {
		t.Errorf("the mutex is locked after Unlock")
	}
}

func mutexCanceled(t T, r *Fixture) {
	r.startCounted(t)
	var m, free sched.Mutex
	if !m.TryLock() {
		t.Fatalf("TryLock fails")
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	canceled := r.inLine(t, ctx, "canceled", func(task *sched.Task) error {
		checkCanceled(t, "Lock", r.ops.lock(&m, task))
		checkCanceled(t, "Lock again", r.ops.lock(&m, task))
		if err := r.ops.lock(&free, task); err != nil {
			t.Errorf("Lock of a free mutex by a canceled task: %v", err)
		}
		return nil
	})
	next := r.inLine(t, context.Background(), "next", func(task *sched.Task) error {
		err := r.ops.lock(&m, task)
		if err == nil {
			r.ops.unlock(&m)
		}
		return err
	})
	cancel(errCase)
	r.wait(t, canceled, "the canceled task ends")
	r.on(t, func() { r.ops.unlock(&m) })
	r.wait(t, next, "the next task in line gets the lock")
}

// checkMisuse checks that f panics in a task.
func (r *Fixture) checkMisuse(t T, what string, f func(task *sched.Task)) {
	t.Helper()
	r.do(t, what, func(task *sched.Task) error {
		defer func() {
			if recover() == nil {
				t.Errorf("%s does not panic", what)
			}
		}()
		f(task)
		return nil
	})
}

func mutexMisuse(t T, r *Fixture) {
	r.start(t, sched.Options{})
	var m sched.Mutex
	r.checkMisuse(t, "Unlock of an unlocked mutex", func(*sched.Task) { r.ops.unlock(&m) })
	if !m.TryLock() {
		t.Errorf("the mutex is locked after misuse")
	}
}

func semaphoreBound(t T, r *Fixture) {
	r.start(t, sched.Options{})
	const size = 3
	s := sched.NewSemaphore(size)
	var used atomic.Int32
	var done []<-chan struct{}
	for i := range 6 {
		n := 1 + i%size
		done = append(done, r.spawn(t, r.loop(), context.Background(), fmt.Sprint(i), func(task *sched.Task) error {
			for range 5 {
				if err := r.ops.acquire(s, task, n); err != nil {
					t.Errorf("Acquire: %v", err)
					return nil
				}
				if used := used.Add(int32(n)); used > size {
					t.Errorf("%d units of %d are used", used, size)
				}
				_ = task.Yield()
				used.Add(-int32(n))
				s.Release(n)
			}
			return nil
		}))
	}
	for _, d := range done {
		r.wait(t, d, "a task that acquires ends")
	}
	if !s.TryAcquire(size) || s.TryAcquire(1) {
		t.Errorf("TryAcquire of available units failed, or of more succeeded")
	}
}

func semaphoreNotOvertaken(t T, r *Fixture) {
	r.startCounted(t)
	s := sched.NewSemaphore(2)
	if !s.TryAcquire(1) {
		t.Fatalf("TryAcquire fails")
	}
	var order []int
	var done []<-chan struct{}
	for _, n := range []int{2, 1} {
		done = append(done, r.inLine(t, context.Background(), fmt.Sprint(n), func(task *sched.Task) error {
			if err := r.ops.acquire(s, task, n); err != nil {
				t.Errorf("Acquire: %v", err)
				return nil
			}
			order = append(order, n)
			s.Release(n)
			return nil
		}))
	}
	s.Release(1)
	for _, d := range done {
		r.wait(t, d, "a task that acquires ends")
	}
	if !slices.Equal(order, []int{2, 1}) {
		t.Errorf("requests were served in the order %v", order)
	}
}

func semaphoreCanceled(t T, r *Fixture) {
	r.startCounted(t)
	s := sched.NewSemaphore(2)
	if !s.TryAcquire(1) {
		t.Fatalf("TryAcquire fails")
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	big := r.inLine(t, ctx, "big", func(task *sched.Task) error {
		checkCanceled(t, "Acquire", r.ops.acquire(s, task, 2))
		return nil
	})
	small := r.inLine(t, context.Background(), "small", func(task *sched.Task) error {
		return r.ops.acquire(s, task, 1)
	})
	cancel(errCase)
	r.wait(t, big, "the canceled task ends")
	r.wait(t, small, "the next task in line gets its unit")
}

func semaphoreMisuse(t T, r *Fixture) {
	r.start(t, sched.Options{})
	s := sched.NewSemaphore(2)
	r.checkMisuse(t, "Release of units that are not in use", func(*sched.Task) { r.ops.release(s, 1) })
	r.checkMisuse(t, "Acquire of more units than the semaphore has", func(task *sched.Task) { _ = r.ops.acquire(s, task, 3) })
	r.checkMisuse(t, "Acquire of 0 units", func(task *sched.Task) { _ = r.ops.acquire(s, task, 0) })
	if !s.TryAcquire(2) {
		t.Errorf("units were lost by misuse")
	}
}
