package schedtest

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"testing"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/auto"
	"github.com/edgewise-go/edgewise/sched"
)

type opener = func() (queue.Queue, error)

// scheduler makes a target over a mechanism in a mode.
type scheduler = func(mechanism string, open opener, mode queue.Mode) Target

var modes = []queue.Mode{queue.Level, queue.Edge, queue.OneShot}

func single(mechanism string, open opener, mode queue.Mode) Target {
	return Target{
		Name:       fmt.Sprintf("%s/%v/single", mechanism, mode),
		Features:   with(InOrder),
		OpenPoller: pollerOver(open, mode),
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
		Name:       fmt.Sprintf("%s/%v/sharded", mechanism, mode),
		Features:   with(InOrder, SeveralLoops, InTurn),
		OpenPoller: pollerOver(open, mode),
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

// sharedBy returns a factory of schedulers with the given number of workers.
func sharedBy(workers int, name string) scheduler {
	return func(mechanism string, open opener, mode queue.Mode) Target {
		return shared(workers, name, mechanism, open, mode)
	}
}

func shared(workers int, name, mechanism string, open opener, mode queue.Mode) Target {
	features := with(SeveralWorkers, OneQueue)
	if mode == queue.OneShot {
		features = append(features, OneShots)
	}
	return Target{
		Name:       fmt.Sprintf("%s/%v/%s", mechanism, mode, name),
		Features:   features,
		OpenPoller: pollerOver(open, mode),
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

// stealingBy returns a factory of schedulers with the given number of loops.
func stealingBy(loops int, name string) scheduler {
	return func(mechanism string, open opener, mode queue.Mode) Target {
		return stealing(loops, name, mechanism, open, mode)
	}
}

func stealing(loops int, name, mechanism string, open opener, mode queue.Mode) Target {
	return Target{
		Name:       fmt.Sprintf("%s/%v/%s", mechanism, mode, name),
		Features:   with(SeveralLoops, InTurn, SeveralWorkers),
		OpenPoller: pollerOver(open, mode),
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

// completing returns the target of m whose loops move the bytes of connections by operations. A
// queue that only one thread waits in is opened for a single waiter. The poller reports readiness.
func completing(m mechanism, make scheduler, mode queue.Mode) Target {
	plain := make(m.name, m.open, mode)
	alone := !slices.Contains(plain.Features, OneQueue)
	target := make(m.name+"+completion", func() (queue.Queue, error) { return auto.Completer(m.name, alone) }, mode)
	target.Features, target.OpenPoller = append(target.Features, Transfers), plain.OpenPoller
	open := target.Open
	target.Open = func(o sched.Options, wrap func(queue.Queue) queue.Queue) (sched.Scheduler, error) {
		o.Completions = true
		return open(o, wrap)
	}
	return target
}

// pollerOver opens the queue of a poller.
func pollerOver(open opener, mode queue.Mode) func() (queue.Queue, queue.Mode, error) {
	return func() (queue.Queue, queue.Mode, error) {
		q, err := open()
		return q, mode, err
	}
}

// with returns the features of the system and the given ones.
func with(others ...Feature) []Feature { return slices.Concat(system, others) }

// mechanism is a kind of queue.
type mechanism struct {
	name string
	open opener
}

// refusal is the reason why the system lacks the queue, or nil if it has it.
func (m mechanism) refusal(t *testing.T) error {
	t.Helper()
	q, err := m.open()
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, queue.ErrUnavailable) {
		return err
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	return nil
}

// reporting returns the target of m whose loops report readiness.
func reporting(m mechanism, make scheduler, mode queue.Mode) Target {
	return make(m.name, m.open, mode)
}

// ways are how the bytes of connections move: by system calls of the tasks, or by operations of the
// queue.
var ways = []func(m mechanism, make scheduler, mode queue.Mode) Target{reporting, completing}

// testMechanism runs the cases on the combinations of mechanism, mode, scheduler and way with the
// mechanism of that name. The combinations cover only mechanisms that the system has, so no pair is
// lost to a missing one.
func testMechanism(t *testing.T, name string) {
	c := suite.Of(t)
	before := runtime.NumGoroutine()
	// Cleanups run after the parallel subtests.
	t.Cleanup(func() {
		suite.Until(c, "the goroutines of the cases end", func() bool { return runtime.NumGoroutine() <= before })
	})
	var available []mechanism
	for _, m := range mechanisms {
		err := m.refusal(t)
		if err != nil && m.name == name {
			suite.Unavailable(t, "sched", name, err)
		}
		if err == nil {
			available = append(available, m)
		}
	}
	for _, row := range suite.Combinations(len(available), len(modes), len(schedulers), len(ways)) {
		if m := available[row[0]]; m.name == name {
			target := ways[row[3]](m, schedulers[row[2]], modes[row[1]])
			t.Run(target.Name, func(t *testing.T) {
				t.Parallel() // they wait more than they compute
				Run(t, target)
			})
		}
	}
}
