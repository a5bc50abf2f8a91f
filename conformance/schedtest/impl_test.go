package schedtest

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sched"
)

type opener = func() (queue.Queue, error)

var modes = []queue.Mode{queue.Level, queue.Edge, queue.OneShot}

func single(mechanism string, open opener, mode queue.Mode) Target {
	return Target{
		Name:     fmt.Sprintf("%s/%v/single", mechanism, mode),
		Features: with(InOrder),
		Open: func(o sched.Options, wrap func(queue.Queue) queue.Queue) (sched.Scheduler, error) {
			q, err := open()
			if err != nil {
				return nil, err
			}
			o.Mode = mode
			return sched.NewSingle(wrap(q), o), nil
		},
	}
}

func sharded(mechanism string, open opener, mode queue.Mode) Target {
	return Target{
		Name:     fmt.Sprintf("%s/%v/sharded", mechanism, mode),
		Features: with(InOrder, SeveralLoops),
		Open: func(o sched.Options, wrap func(queue.Queue) queue.Queue) (sched.Scheduler, error) {
			o.Mode = mode
			return sched.NewSharded(2, func() (queue.Queue, error) {
				q, err := open()
				if err != nil {
					return nil, err
				}
				return wrap(q), nil
			}, o)
		},
	}
}

func shared(workers int, name, mechanism string, open opener, mode queue.Mode) Target {
	features := with(SeveralWorkers, OneQueue)
	if mode == queue.OneShot {
		features = append(features, OneShots)
	}
	return Target{
		Name:     fmt.Sprintf("%s/%v/%s", mechanism, mode, name),
		Features: features,
		Open: func(o sched.Options, wrap func(queue.Queue) queue.Queue) (sched.Scheduler, error) {
			q, err := open()
			if err != nil {
				return nil, err
			}
			o.Mode = mode
			return sched.NewShared(workers, wrap(q), o)
		},
	}
}

func stealing(loops int, name, mechanism string, open opener, mode queue.Mode) Target {
	return Target{
		Name:     fmt.Sprintf("%s/%v/%s", mechanism, mode, name),
		Features: with(SeveralLoops, SeveralWorkers),
		Open: func(o sched.Options, wrap func(queue.Queue) queue.Queue) (sched.Scheduler, error) {
			o.Mode = mode
			return sched.NewStealing(loops, func() (queue.Queue, error) {
				q, err := open()
				if err != nil {
					return nil, err
				}
				return wrap(q), nil
			}, o)
		},
	}
}

// with returns the features of the system and others.
func with(others ...Feature) []Feature { return slices.Concat(system, others) }

func testMechanism(t *testing.T, mechanism string, open opener) {
	before := runtime.NumGoroutine()
	q, err := open()
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, queue.ErrUnavailable) {
		suite.Unavailable(t, "sched", mechanism, err)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	for _, mode := range modes {
		for _, target := range targets(mechanism, open, mode) {
			Run(t, target)
		}
	}
	for deadline := time.Now().Add(suite.Patience()); runtime.NumGoroutine() > before; {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines are left of %d", runtime.NumGoroutine(), before)
		}
		runtime.Gosched()
	}
}
