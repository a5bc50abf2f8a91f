package schedtest

import (
	"context"
	"errors"
	"time"

	"github.com/edgewise-go/edgewise/sched"
)

const (
	joinRule      = "Join suspends t until the task of j has ended, and returns that task's error."
	jobCancelRule = "Cancel cancels the task as its context would: any current or later wait returns a *CancelError with cause."
)

func joinCases() []Case {
	return []Case{
		{ID: "join/error", Doc: "sched.Task.Join", Run: joinError, Rule: joinRule, Source: "tokio JoinHandle"},
		{ID: "join/panic", Doc: "sched.Job.Err", Run: joinPanic,
			Rule:   "The error of a task that panicked is a *PanicError with the stack.",
			Source: "golang.org/x/sync errgroup: propagation of panics"},
		{ID: "join/joiner-is-canceled", Doc: "sched.Task.Join", Run: joinerCanceled,
			Rule:   "If t is canceled meanwhile, Join returns t's *CancelError, and the task of j continues.",
			Source: "tokio: dropping a JoinHandle detaches the task"},
		{ID: "join/itself", Doc: "sched.Task.Join", Run: joinItself,
			Rule:   "A task that joins itself panics.",
			Source: "pthread_join(3): EDEADLK"},
		{ID: "join/goroutine", Doc: "sched.Job.Wait", Run: joinGoroutine,
			Rule:   "Wait blocks the calling goroutine until the task has ended, and returns the task's error. If ctx is done first, Wait returns the cause of ctx and the task continues.",
			Source: "the bridge from goroutines"},
		{ID: "job/cancel", Doc: "sched.Job.Cancel", Run: jobCancel, Rule: jobCancelRule, Source: "tokio: abort of a parked task"},
		{ID: "job/cancel-before-it-begins", Doc: "sched.Job.Cancel", Run: jobCancelEarly,
			Rule:   "A task canceled before it begins still runs, and its first wait returns the error.",
			Source: "a cleanup that the body promises"},
	}
}

// otherLoop returns a loop other than r.loop, if there is one.
func (r *Fixture) otherLoop() *sched.Loop { return r.s.Loops()[len(r.s.Loops())-1] }

func (r *Fixture) launch(t T, ctx context.Context, name string, b body) *sched.Job {
	t.Helper()
	j, err := r.ops.launch(r.loop(), ctx, name, b)
	if err != nil {
		t.Fatalf("Start: %v", err)
	}
	return j
}

// launchHeld starts a task that suspends itself until release is closed, then ends with err.
func (r *Fixture) launchHeld(t T, name string, release <-chan struct{}, err error) *sched.Job {
	t.Helper()
	return r.launch(t, context.Background(), name, func(task *sched.Task) error {
		if err := task.Suspend(func(resume func()) {
			go func() {
				<-release
				resume()
			}()
		}); err != nil {
			return err
		}
		return err
	})
}

func joinError(t T, r *Fixture) {
	r.start(t, sched.Options{})
	release := make(chan struct{})
	j := r.launchHeld(t, "joined", release, errCase)
	var begun, joined []<-chan struct{}
	for _, l := range []*sched.Loop{r.loop(), r.loop(), r.otherLoop()} {
		began := make(chan struct{})
		begun = append(begun, began)
		joined = append(joined, r.spawn(t, l, context.Background(), "joins", func(task *sched.Task) error {
			close(began)
			for range 2 { // the second time, the task has ended
				if err := r.ops.join(task, j); !errors.Is(err, errCase) {
					t.Errorf("Join: %v, want the error of the task", err)
				}
			}
			return nil
		}))
	}
	for _, c := range begun {
		r.wait(t, c, "a task joins")
	}
	r.fence(t)
	if err := j.Err(); err != nil {
		t.Errorf("Err of a task that has not ended: %v", err)
	}
	close(release)
	for _, c := range joined {
		r.wait(t, c, "a Join returns")
	}
	r.wait(t, j.Done(), "Done is closed")
	if err := j.Err(); !errors.Is(err, errCase) || j.Name() != "joined" {
		t.Errorf("Err of %q: %v, want the error of the task", j.Name(), err)
	}
}

func joinPanic(t T, r *Fixture) {
	r.start(t, sched.Options{})
	j := r.launch(t, context.Background(), "bomb", detonate)
	for _, l := range []*sched.Loop{r.loop(), r.otherLoop()} {
		var got error
		r.wait(t, r.spawn(t, l, context.Background(), "joins", func(task *sched.Task) error {
			got = r.ops.join(task, j)
			return nil
		}), "Join returns")
		checkPanic(t, got, "detonate")
	}
	checkPanic(t, j.Wait(t.Context()), "detonate")
}

func joinerCanceled(t T, r *Fixture) {
	r.start(t, sched.Options{})
	release := make(chan struct{})
	j := r.launchHeld(t, "joined", release, nil)
	ctx, cancel := context.WithCancelCause(context.Background())
	begun := make(chan struct{})
	done := r.spawn(t, r.otherLoop(), ctx, "joins", func(task *sched.Task) error {
		close(begun)
		for range 2 {
			checkCanceled(t, "Join", r.ops.join(task, j))
		}
		return nil
	})
	r.wait(t, begun, "the task begins")
	r.fence(t)
	cancel(errCase)
	r.wait(t, done, "Join returns")
	close(release)
	r.wait(t, j.Done(), "the joined task ends")
	if err := j.Err(); err != nil {
		t.Errorf("the joined task ended with %v", err)
	}
}

func joinItself(t T, r *Fixture) {
	r.start(t, sched.Options{})
	self := make(chan *sched.Job, 1)
	j := r.launch(t, context.Background(), "joins itself", func(task *sched.Task) error {
		return r.ops.join(task, <-self)
	})
	self <- j
	r.wait(t, j.Done(), "the task ends")
	if p := (*sched.PanicError)(nil); !errors.As(j.Err(), &p) {
		t.Errorf("the task ended with %v, want a panic", j.Err())
	}
}

func joinGoroutine(t T, r *Fixture) {
	r.start(t, sched.Options{})
	release := make(chan struct{})
	j := r.launchHeld(t, "joined", release, errCase)
	reason := errors.New("a reason")
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(reason)
	if err := r.ops.outside(j, ctx); !errors.Is(err, reason) {
		t.Errorf("Wait with a context that is done: %v, want its cause", err)
	}
	waited := make(chan struct{})
	go func() {
		defer close(waited)
		if err := r.ops.outside(j, context.Background()); !errors.Is(err, errCase) {
			t.Errorf("Wait: %v, want the error of the task", err)
		}
	}()
	close(release)
	r.wait(t, waited, "Wait returns")
}

func jobCancel(t T, r *Fixture) {
	r.start(t, sched.Options{})
	canceler := map[string]func(j *sched.Job){
		"goroutine": func(j *sched.Job) { r.ops.cancel(j, errCase) },
		"task": func(j *sched.Job) {
			r.do(t, "cancels", func(*sched.Task) error {
				r.ops.cancel(j, errCase)
				r.ops.cancel(j, context.Canceled) // comes second
				return nil
			})
		},
		"task of another loop": func(j *sched.Job) {
			r.wait(t, r.spawn(t, r.otherLoop(), context.Background(), "cancels", func(*sched.Task) error {
				r.ops.cancel(j, errCase)
				return nil
			}), "Cancel returns")
		},
	}
	for from, cancel := range canceler {
		begun := make(chan struct{})
		j := r.launch(t, context.Background(), "canceled", func(task *sched.Task) error {
			close(begun)
			checkCanceled(t, "Sleep, canceled from a "+from, task.Sleep(time.Hour))
			if err := task.Context().Err(); err == nil {
				t.Errorf("the context of a canceled task is not done")
			}
			return task.Sleep(time.Hour)
		})
		r.wait(t, begun, "the task begins")
		r.fence(t)
		cancel(j)
		r.wait(t, j.Done(), "the task ends")
		checkCanceled(t, "Err", j.Err())
		r.ops.cancel(j, context.Canceled)
		r.fence(t)
		checkCanceled(t, "Err after another Cancel", j.Err())
	}
}

func jobCancelEarly(t T, r *Fixture) {
	r.make(t, sched.Options{})
	began := false
	j := r.launch(t, context.Background(), "canceled", func(task *sched.Task) error {
		began = true
		return task.Sleep(time.Hour)
	})
	r.ops.cancel(j, errCase)
	r.run(t, context.Background())
	r.wait(t, j.Done(), "the task ends")
	if !began {
		t.Errorf("the task has not begun")
	}
	checkCanceled(t, "Err", j.Err())
}
