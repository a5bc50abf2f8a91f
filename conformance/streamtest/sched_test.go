package streamtest

import (
	"context"
	"errors"
	"testing"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/auto"
	"github.com/edgewise-go/edgewise/sched"
)

// looped starts a loop on the named mechanism for one case.
func looped(t T, mechanism string, mode queue.Mode) (*sched.Loop, error) {
	q, err := auto.Open(mechanism)
	if err != nil {
		return nil, err
	}
	loop := sched.New(q, sched.Options{Mode: mode})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- loop.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-ended
		q.Close()
	})
	return loop, nil
}

// tasks is the target that suspends tasks of a loop, goroutines the one that suspends goroutines until a loop reports.
func tasks(mechanism string, mode queue.Mode) Target {
	return Target{Name: "tasks-" + mechanism + "-" + mode.String(), Features: features(), Waivers: waivers(), Open: func(t T) (*Fixture, error) {
		loop, err := looped(t, mechanism, mode)
		if err != nil {
			return nil, err
		}
		return &Fixture{Waiter: loop.Tasks(), Go: func(name string, f func()) {
			err := loop.Go(context.Background(), name, func(*sched.Task) error {
				f()
				return nil
			})
			if err != nil {
				t.Errorf("start of task %s: %v", name, err)
			}
		}, Child: "TestOneInAChild"}, nil
	}}
}

func goroutines(mechanism string, mode queue.Mode) Target {
	return Target{Name: "goroutines-" + mechanism + "-" + mode.String(), Features: append(features(), Goroutines), Waivers: waivers(), Open: func(t T) (*Fixture, error) {
		loop, err := looped(t, mechanism, mode)
		if err != nil {
			return nil, err
		}
		return &Fixture{Waiter: loop.Goroutines(), Go: func(_ string, f func()) { go f() }, Child: "TestOneInAChild"}, nil
	}}
}

// looping returns the targets of every mechanism that there is, "auto" being one of them.
func looping() []Target {
	var all []Target
	for _, mechanism := range auto.Names()[1:] {
		q, err := auto.Open(mechanism)
		if errors.Is(err, errors.ErrUnsupported) {
			continue // the system does not have it, or this build
		}
		if err == nil {
			q.Close()
		}
		for _, mode := range []queue.Mode{queue.Level, queue.Edge, queue.OneShot} {
			all = append(all, tasks(mechanism, mode), goroutines(mechanism, mode))
		}
	}
	return all
}

func TestSched(t *testing.T) {
	for _, target := range looping() {
		t.Run(target.Name, func(t *testing.T) {
			t.Parallel() // they wait more than they work
			TestWaiter(t, target)
		})
	}
}

func TestConnOverSched(t *testing.T) {
	for _, target := range looping() {
		t.Run(target.Name, func(t *testing.T) {
			t.Parallel()
			testConn(t, target)
		})
	}
}
