package streamtest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/auto"
	"github.com/edgewise-go/edgewise/sched"
)

// placing is a named scheduler over queues that open returns.
type placing struct {
	name string
	make func(open func() (queue.Queue, error), o sched.Options) (sched.Scheduler, error)
}

// placings are all schedulers. Each has two threads, except the first.
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
	s, err := p.make(func() (queue.Queue, error) { return auto.ByName(mechanism) }, sched.Options{Mode: mode})
	if err != nil {
		return nil, err
	}
	t.Evidence(func() string {
		var left []int
		for _, l := range s.Loops() {
			left = append(left, l.Len())
		}
		return fmt.Sprintf("%s, %v: tasks by loop: %v", mechanism, mode, left)
	})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	// Cases that count goroutines begin after the threads have started.
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

// tasks is the target that suspends tasks of a loop. goroutines is the target that suspends
// goroutines until a loop reports.
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

// goroutineForm is the suffix of the names of targets that suspend goroutines.
const goroutineForm = "goroutines"

// modes are those of package queue.
var modes = []queue.Mode{queue.Level, queue.Edge, queue.OneShot}

// forms create the targets that suspend tasks of a loop, and those that suspend goroutines.
var forms = []func(mechanism string, mode queue.Mode, p placing) Target{tasks, goroutines}

// mechanisms returns the names of the available mechanisms, without "auto".
func mechanisms() []string {
	var all []string
	for _, mechanism := range auto.Names()[1:] {
		q, err := auto.ByName(mechanism)
		if errors.Is(err, errors.ErrUnsupported) {
			continue // the system or this build lacks it
		}
		if err == nil {
			q.Close()
		}
		all = append(all, mechanism)
	}
	return all
}

// looping returns targets over the given schedulers. Each pair of a mechanism, a mode, a scheduler
// and a form occurs in one target. With suite.Full, every combination does.
func looping(over []placing) []Target {
	available := mechanisms()
	var all []Target
	for _, c := range suite.Combinations(len(available), len(modes), len(over), len(forms)) {
		all = append(all, forms[c[3]](available[c[0]], modes[c[1]], over[c[2]]))
	}
	return all
}

// onSingle are the targets over the simplest scheduler, for tests of the layers above the waiters.
func onSingle() []Target { return looping(placings()[:1]) }

// perMechanism returns park and one target per mechanism, with alternating modes and forms. With
// suite.Full it returns targets for every mode and form. It is for tests that take long per target.
func perMechanism(of ...func(mechanism string, mode queue.Mode, p placing) Target) []Target {
	all, single := []Target{parked()}, placings()[0]
	for i, mechanism := range mechanisms() {
		if !suite.Full() {
			all = append(all, of[i%len(of)](mechanism, modes[i%len(modes)], single))
			continue
		}
		for _, mode := range modes {
			for _, form := range of {
				all = append(all, form(mechanism, mode, single))
			}
		}
	}
	return all
}

func TestSched(t *testing.T) {
	for _, target := range looping(placings()) {
		t.Run(target.Name, func(t *testing.T) {
			t.Parallel() // they wait more than they compute
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
