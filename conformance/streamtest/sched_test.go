package streamtest

import (
	"context"
	"errors"
	"testing"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/auto"
	"github.com/edgewise-go/edgewise/sched"
)

// placing is a scheduler by name, made over queues that open returns.
type placing struct {
	name string
	make func(open func() (queue.Queue, error), o sched.Options) (sched.Scheduler, error)
}

// placings are all schedulers, each of two threads but the first.
func placings() []placing {
	return []placing{
		{"single", func(open func() (queue.Queue, error), o sched.Options) (sched.Scheduler, error) {
			q, err := open()
			if err != nil {
				return nil, err
			}
			return sched.NewSingle(q, o), nil
		}},
		{"sharded", func(open func() (queue.Queue, error), o sched.Options) (sched.Scheduler, error) {
			return sched.NewSharded(2, open, o)
		}},
		{"shared", func(open func() (queue.Queue, error), o sched.Options) (sched.Scheduler, error) {
			q, err := open()
			if err != nil {
				return nil, err
			}
			return sched.NewShared(2, q, o)
		}},
		{"stealing", func(open func() (queue.Queue, error), o sched.Options) (sched.Scheduler, error) {
			return sched.NewStealing(2, open, o)
		}},
	}
}

// scheduled runs the scheduler for one case, and returns the first of its loops.
func scheduled(t T, mechanism string, mode queue.Mode, p placing) (*sched.Loop, error) {
	s, err := p.make(func() (queue.Queue, error) { return auto.Open(mechanism) }, sched.Options{Mode: mode})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	// Cases that count goroutines begin when the threads have.
	for _, l := range s.Loops() {
		if err := l.Call(ctx, "begins", func(*sched.Task) error { return nil }); err != nil {
			return nil, err
		}
	}
	return s.Loops()[0], nil
}

func targetName(mechanism string, mode queue.Mode, p placing, form string) string {
	return mechanism + "/" + mode.String() + "/" + p.name + "/" + form
}

// tasks is the target that suspends tasks of a loop, goroutines the one that suspends goroutines until a loop reports.
func tasks(mechanism string, mode queue.Mode, p placing) Target {
	return Target{Name: targetName(mechanism, mode, p, "tasks"), Features: features(), Waivers: waivers(), Open: func(t T) (*Fixture, error) {
		loop, err := scheduled(t, mechanism, mode, p)
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

func goroutines(mechanism string, mode queue.Mode, p placing) Target {
	return Target{Name: targetName(mechanism, mode, p, goroutineForm), Features: append(features(), Goroutines), Waivers: waivers(), Open: func(t T) (*Fixture, error) {
		loop, err := scheduled(t, mechanism, mode, p)
		if err != nil {
			return nil, err
		}
		return &Fixture{Waiter: loop.Goroutines(), Go: func(_ string, f func()) { go f() }, Child: "TestOneInAChild"}, nil
	}}
}

// goroutineForm is what the names of the targets end with that suspend goroutines.
const goroutineForm = "goroutines"

// looping returns the targets of every mechanism that there is, "auto" being one of them, in every mode, over the given schedulers.
func looping(over []placing) []Target {
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
			for i, p := range over {
				all = append(all, tasks(mechanism, mode, p))
				if i == 0 {
					// A goroutine is told by the loop of its handle, whoever runs the loop's tasks.
					all = append(all, goroutines(mechanism, mode, p))
				}
			}
		}
	}
	return all
}

// onSingle are the targets over the simplest scheduler: for tests of what is above the waiters.
func onSingle() []Target { return looping(placings()[:1]) }

func TestSched(t *testing.T) {
	for _, target := range looping(placings()) {
		t.Run(target.Name, func(t *testing.T) {
			t.Parallel() // they wait more than they work
			Run(t, target)
		})
	}
}

func TestConnOverSched(t *testing.T) {
	for _, target := range onSingle() {
		t.Run(target.Name, func(t *testing.T) {
			t.Parallel()
			testConn(t, target)
		})
	}
}
