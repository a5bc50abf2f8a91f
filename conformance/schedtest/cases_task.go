package schedtest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/sched"
)

var errCase = errors.New("an error of the case")

func taskCases() []Case {
	return []Case{
		{ID: "task/runs-once", Doc: "sched.Loop.Go", Run: taskRunsOnce,
			Rule:   "Go starts a task on l, which runs body when its turn comes.",
			Source: "the contract of every spawn"},
		{ID: "task/end-is-told", Doc: "sched.Options.Ended", Run: taskEndIsTold,
			Rule:   "Ended is called on the loop after a task has ended, with its name and its error, nil included.",
			Source: "libuv: the callback of a closed handle runs exactly once"},
		{ID: "task/panic-is-contained", Doc: "sched.PanicError", Run: taskPanicIsContained,
			Rule:   "A panic ends only its task.",
			Source: "cloudwego/netpoll 238: a panic in a handler wedges the loop"},
		{ID: "task/call", Doc: "sched.Loop.Call", Run: taskCall,
			Rule:   "Call runs body in a task of l, blocks the calling goroutine until the task has ended, and returns the result of body.",
			Source: "the bridge from goroutines"},
		{ID: "task/call-canceled", Doc: "sched.Loop.Call", Run: taskCallCanceled,
			Rule:   "When its context is done, Call returns a *CancelError, even if the task still runs.",
			Source: "a caller that has given up and waits for a task that has not"},
		{ID: "task/bound", Doc: "sched.Loop.Go", Run: taskBound,
			Rule:   "Go returns ErrFull at a bound of Options, and ErrStopped once the loop drains or has ended.",
			Source: "gnet 423: unbounded memory"},
		{ID: "task/spread", Doc: "sched.Sharded", Run: taskSpread, Needs: []Feature{InTurn},
			Rule:   "A scheduler places tasks on its loops in turn.",
			Source: "StarRocks 72956: one worker gets all the work"},
	}
}

func taskRunsOnce(t T, r *Fixture) {
	r.start(t, sched.Options{})
	const tasks = 200
	var runs [tasks]atomic.Int32
	var ends [tasks]<-chan struct{}
	for i := range tasks {
		ends[i] = r.spawn(t, r.loop(), context.Background(), fmt.Sprint(i), func(task *sched.Task) error {
			runs[i].Add(1)
			return task.Yield()
		})
	}
	// The case waits for each of them: on a loop of several threads, the last task may end while an
	// earlier one is still delayed.
	for i, end := range ends {
		r.wait(t, end, fmt.Sprintf("task %d ends", i))
	}
	r.fence(t)
	for i := range runs {
		if n := runs[i].Load(); n != 1 {
			t.Fatalf("task %d ran %d times", i, n)
		}
	}
}

func taskEndIsTold(t T, r *Fixture) {
	r.start(t, sched.Options{})
	for name, want := range map[string]error{"good": nil, "bad": errCase} {
		r.do(t, name, func(*sched.Task) error { return want })
		r.ended(t, name, want)
	}
}

// detonate is a function name that the case looks for in a stack.
func detonate(*sched.Task) error { panic(errCase) }

func taskPanicIsContained(t T, r *Fixture) {
	r.start(t, sched.Options{})
	bystander := r.spawn(t, r.loop(), context.Background(), "bystander", func(task *sched.Task) error {
		for range 10 {
			if err := task.Yield(); err != nil {
				return err
			}
		}
		return nil
	})
	r.do(t, "bomb", detonate)
	r.wait(t, bystander, "another task continues")
	r.ended(t, "bomb", errCase)
	checkPanic(t, r.endings("bomb")[0], "detonate")
}

func checkPanic(t T, err error, function string) {
	t.Helper()
	var p *sched.PanicError
	if !errors.As(err, &p) {
		t.Fatalf("the error is %v, want a *PanicError", err)
	}
	if p.Value != any(errCase) || !errors.Is(p, errCase) {
		t.Errorf("the value of the panic is %v", p.Value)
	}
	if !strings.Contains(string(p.Stack), function) {
		t.Errorf("the stack does not name %s:\n%s", function, p.Stack)
	}
}

func taskCall(t T, r *Fixture) {
	r.start(t, sched.Options{})
	var ran atomic.Bool
	err := r.ops.call(r.loop(), t.Context(), "call", func(task *sched.Task) error {
		if err := task.Yield(); err != nil {
			return err
		}
		ran.Store(true)
		return errCase
	})
	if !ran.Load() || !errors.Is(err, errCase) {
		t.Errorf("Call returned %v, body finished: %v", err, ran.Load())
	}
}

func taskCallCanceled(t T, r *Fixture) {
	r.start(t, sched.Options{})
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	begun, ended := make(chan struct{}), make(chan struct{})
	var release atomic.Bool
	result := make(chan error, 1)
	r.goes(func() {
		result <- r.ops.call(r.loop(), ctx, "stubborn", func(task *sched.Task) error {
			defer close(ended)
			close(begun)
			for !release.Load() {
				_ = task.Yield() // returns the cancellation
			}
			return nil
		})
	})
	r.wait(t, begun, "the task begins")
	cancel(errCase)
	err := suite.Receive(t, "Call returns although the task runs", result)
	var canceled *sched.CancelError
	if !errors.As(err, &canceled) || canceled.Task != "stubborn" || !errors.Is(err, errCase) {
		t.Errorf("Call returned %v, want a CancelError with the name of the task and the cause", err)
	}
	if closed(ended) {
		t.Errorf("the task has ended, so the case shows nothing")
	}
	release.Store(true)
	r.wait(t, ended, "the task ends")
}

func taskBound(t T, r *Fixture) {
	const tasks = 8
	r.start(t, sched.Options{MaxTasks: tasks})
	for range 2 { // the second time shows that the room is free again
		release := make(chan struct{})
		var held []<-chan struct{}
		for range tasks {
			held = append(held, r.spawn(t, r.loop(), context.Background(), "held", func(task *sched.Task) error {
				return task.Suspend(func(resume func()) {
					go func() {
						<-release
						resume()
					}()
				})
			}))
		}
		err := r.ops.start(r.loop(), context.Background(), "one more", func(*sched.Task) error { return nil })
		close(release)
		if !errors.Is(err, sched.ErrFull) {
			t.Errorf("Go at MaxTasks: %v, want ErrFull", err)
		}
		for _, done := range held {
			r.wait(t, done, "a held task ends")
		}
		r.until(t, func() bool { return r.loop().Len() == 0 }, "no task is left")
	}
}

func taskSpread(t T, r *Fixture) {
	r.start(t, sched.Options{})
	loops := r.s.Loops()
	const each = 4
	var on [each]map[*sched.Loop]int
	placed := make(chan *sched.Loop, each*len(loops))
	for i := range on {
		on[i] = map[*sched.Loop]int{}
		for range loops {
			err := r.ops.place(r.s, context.Background(), "placed", func(task *sched.Task) error {
				before := task.Loop()
				_ = task.Yield()
				if task.Loop() != before {
					t.Errorf("the task moved to another loop")
				}
				placed <- before
				return nil
			})
			if err != nil {
				t.Fatalf("Go: %v", err)
			}
		}
		for range loops {
			on[i][suite.Receive(t, "a placed task runs", placed)]++
		}
		if len(on[i]) != len(loops) {
			t.Errorf("%d tasks were placed on %d loops", len(loops), len(on[i]))
		}
	}
}
