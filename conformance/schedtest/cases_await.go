package schedtest

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/edgewise-go/edgewise/sched"
)

const (
	awaitRule    = "Suspend calls start, then suspends t until the function passed to start is called."
	awaitAnyRule = "Any goroutine may call the function passed to start, including start itself. Calls after the first do nothing."
)

func awaitCases() []Case {
	return []Case{
		{ID: "await/other-goroutine", Doc: "sched.Task.Suspend", Run: awaitOther, Rule: awaitRule, Source: "smol 134: a wake between the check and the park"},
		{ID: "await/inline", Doc: "sched.Task.Suspend", Run: awaitInline, Rule: awaitAnyRule, Source: "a callback that runs before the call that registered it returns"},
		{ID: "await/late-and-twice", Doc: "sched.Task.Suspend", Run: awaitLate, Rule: awaitAnyRule, Source: "a late callback of an earlier request that was abandoned"},
	}
}

func awaitOther(t T, r *Fixture) {
	r.start(t, sched.Options{})
	var rounds atomic.Int64
	done := r.spawn(t, r.loop(), context.Background(), "awaits", func(task *sched.Task) error {
		for range r.rounds(800) {
			rounds.Add(1)
			called := false
			var mu sync.Mutex
			err := r.ops.await(task, func(resume func()) {
				go func() {
					mu.Lock()
					called = true
					mu.Unlock()
					resume()
				}()
			})
			mu.Lock()
			ok := called
			mu.Unlock()
			if err != nil || !ok {
				t.Errorf("Suspend returned %v; resumed: %v", err, ok)
				return nil
			}
		}
		return nil
	})
	r.waitMoving(t, done, "the task is resumed", &rounds)
}

func awaitInline(t T, r *Fixture) {
	r.start(t, sched.Options{})
	r.do(t, "awaits", func(task *sched.Task) error {
		if err := r.ops.await(task, func(resume func()) { resume() }); err != nil {
			t.Errorf("Suspend: %v", err)
		}
		return nil
	})
}

func awaitLate(t T, r *Fixture) {
	r.start(t, sched.Options{})
	var first, second func()
	returned := false
	begun := make(chan struct{})
	done := r.spawn(t, r.loop(), context.Background(), "awaits", func(task *sched.Task) error {
		if err := r.ops.await(task, func(resume func()) {
			first = resume
			resume()
			resume()
		}); err != nil {
			t.Errorf("the first Suspend: %v", err)
		}
		err := r.ops.await(task, func(resume func()) {
			second = resume
			close(begun)
		})
		if err != nil {
			t.Errorf("the second Suspend: %v", err)
		}
		returned = true
		return nil
	})
	r.wait(t, begun, "the second Suspend begins")
	first()
	r.fence(t)
	first()
	r.fence(t)
	if err := r.loop().Call(t.Context(), "looks", func(*sched.Task) error {
		if returned {
			t.Errorf("a call meant for the first Suspend ended the second")
		}
		return nil
	}); err != nil {
		t.Errorf("Call: %v", err)
	}
	second()
	r.wait(t, done, "the second Suspend ends")
	second() // the task has ended
	r.fence(t)
}
