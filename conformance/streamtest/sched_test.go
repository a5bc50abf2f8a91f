package streamtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/auto"
	"github.com/edgewise-go/edgewise/queue/netpoll"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

// placing is a named scheduler over queues that open returns.
type placing struct {
	name string
	make func(open func() (queue.Queue, error), o sched.Options) (sched.Scheduler, error)
	wrap func(queue.Queue) queue.Queue // of the poller; nil for none
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
		}, nil},
		{"sharded", func(open func() (queue.Queue, error), o sched.Options) (sched.Scheduler, error) {
			return sched.NewSharded(2, open, o)
		}, nil},
		{"shared", func(open func() (queue.Queue, error), o sched.Options) (sched.Scheduler, error) {
			q, err := open()
			if err != nil {
				return nil, err
			}
			return sched.NewShared(2, q, o)
		}, nil},
		{"stealing", func(open func() (queue.Queue, error), o sched.Options) (sched.Scheduler, error) {
			return sched.NewStealing(2, open, o)
		}, nil},
	}
}

// polling runs a poller for one case. In mode Edge it holds no thread, if the mechanism allows
// that.
func polling(t T, mechanism string, mode queue.Mode, wrap func(queue.Queue) queue.Queue) (*sched.Poller, error) {
	mechanism, _ = strings.CutSuffix(mechanism, completing)
	q, err := auto.ByName(mechanism)
	if err != nil {
		return nil, err
	}
	if wrap != nil {
		q = wrap(q)
	}
	if mode == queue.Edge {
		parked, err := netpoll.New(q)
		if err == nil {
			q = parked
		} else if !errors.Is(err, errors.ErrUnsupported) {
			return nil, errors.Join(err, q.Close())
		}
	}
	poller := sched.NewPoller(q, mode)
	ended := make(chan error, 1)
	go func() { ended <- poller.Run(context.Background()) }()
	t.Cleanup(func() {
		if err := errors.Join(poller.Close(), <-ended); err != nil {
			t.Errorf("poller: %v", err)
		}
	})
	return poller, nil
}

// completing is the suffix of a mechanism whose operations move the bytes of connections.
const completing = "+completion"

// scheduled runs the scheduler for one case, and returns the first of its loops. poller may be nil.
func scheduled(t T, mechanism string, mode queue.Mode, p placing, poller *sched.Poller) (*sched.Loop, error) {
	o, open := sched.Options{Mode: mode, Poller: poller}, func() (queue.Queue, error) { return auto.ByName(mechanism) }
	if base, ok := strings.CutSuffix(mechanism, completing); ok {
		o.Completions = true
		open = func() (queue.Queue, error) { return auto.Completer(base, p.name != "shared") }
	}
	s, err := p.make(open, o)
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

// tasks is the target whose callers are tasks of a loop. Those of goroutines are goroutines, and
// those of mixed are tasks and goroutines in turn, which share connections.
func tasks(mechanism string, mode queue.Mode, p placing) Target {
	has := append(features(), Turns, Handlers)
	if strings.HasSuffix(mechanism, completing) {
		has = append(has, Transfers)
	}
	return Target{Name: targetName(mechanism, mode, p, "tasks"), Features: has, Waivers: waivers(), Open: func(t T) (*Fixture, error) {
		loop, err := scheduled(t, mechanism, mode, p, nil)
		if err != nil {
			return nil, err
		}
		return &Fixture{Waiter: loop.Waiter(), Go: inTasks(t, loop), Handle: inHandlers(loop), Child: "TestOneInAChild"}, nil
	}}
}

// unsuspended is the target of tasks that cannot wait for each other.
func unsuspended(mechanism string) Target {
	single := placings()[0]
	without := slices.DeleteFunc(features(), func(f Feature) bool { return f == Selects })
	return Target{Name: targetName(mechanism, queue.Edge, single, "unsuspended"), Features: without, Waivers: waivers(), Open: func(t T) (*Fixture, error) {
		loop, err := scheduled(t, mechanism, queue.Edge, single, nil)
		if err != nil {
			return nil, err
		}
		return &Fixture{Waiter: unsuspending{loop.Waiter()}, Go: inTasks(t, loop), Child: "TestOneInAChild"}, nil
	}}
}

// unsuspending is a waiter whose sources are no stream.Suspenders.
type unsuspending struct{ waiter sched.Waiter }

func (w unsuspending) Register(h sys.Handle) (stream.Source, error) {
	s, err := w.waiter.Register(h)
	if err != nil {
		return nil, err
	}
	type extended interface {
		stream.MayBlocker
		stream.Yielder
		stream.ProgressObserver
	}
	return struct {
		stream.Source
		extended
	}{s, s.(extended)}, nil
}

// inTasks returns a function that runs f in a task of loop.
func inTasks(t T, loop *sched.Loop) func(name string, f func()) {
	return func(name string, f func()) {
		err := loop.Go(context.Background(), name, func(*sched.Task) error {
			f()
			return nil
		})
		if err != nil {
			t.Errorf("start of task %s: %v", name, err)
		}
	}
}

// inHandlers returns a function that starts a handler on loop.
func inHandlers(loop *sched.Loop) func(h sys.Handle, step func(HandlerTask) (sys.Direction, bool), end func()) error {
	return func(h sys.Handle, step func(HandlerTask) (sys.Direction, bool), end func()) error {
		started := make(chan error, 1)
		err := loop.Post(func() {
			_, err := loop.StartHandler(h, steps{step, end})
			started <- err
		})
		if err != nil {
			return err
		}
		return <-started
	}
}

// steps is a handler made of functions.
type steps struct {
	step func(HandlerTask) (sys.Direction, bool)
	end  func()
}

func (s steps) Step(t sched.HandlerTask, _ sched.Cause) sched.Next {
	d, done := s.step(t)
	if done {
		return sched.Done(nil)
	}
	return sched.WaitFor(queue.InterestOf(d))
}

func (s steps) End(error) { s.end() }

func inGoroutines(_ string, f func()) { go f() }

// polled makes a target with a poller, whose callers are started by where.
func polled(mechanism string, mode queue.Mode, p placing, form string, where func(t T, loop *sched.Loop) func(string, func())) Target {
	return Target{Name: targetName(mechanism, mode, p, form), Features: append(features(), Turns, Handlers), Waivers: waivers(), Open: func(t T) (*Fixture, error) {
		poller, err := polling(t, mechanism, mode, p.wrap)
		if err != nil {
			return nil, err
		}
		loop, err := scheduled(t, mechanism, mode, p, poller)
		if err != nil {
			return nil, err
		}
		return &Fixture{Waiter: loop.Waiter(), Go: where(t, loop), Handle: inHandlers(loop), Child: "TestOneInAChild"}, nil
	}}
}

func goroutines(mechanism string, mode queue.Mode, p placing) Target {
	return polled(mechanism, mode, p, goroutineForm, func(T, *sched.Loop) func(string, func()) { return inGoroutines })
}

func mixed(mechanism string, mode queue.Mode, p placing) Target {
	return polled(mechanism, mode, p, "mixed", func(t T, loop *sched.Loop) func(string, func()) {
		var calls atomic.Int64
		task := inTasks(t, loop)
		return func(name string, f func()) {
			if calls.Add(1)%2 == 0 {
				task(name, f)
			} else {
				inGoroutines(name, f)
			}
		}
	})
}

// goroutineForm is the suffix of the names of targets that suspend goroutines.
const goroutineForm = "goroutines"

// modes are those of package queue.
var modes = []queue.Mode{queue.Level, queue.Edge, queue.OneShot}

// forms create the targets of each form.
var forms = []func(mechanism string, mode queue.Mode, p placing) Target{tasks, goroutines, mixed}

// ways are the suffixes of mechanisms: readiness and operations.
var ways = []string{"", completing}

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

// looping returns targets over the given schedulers. Each pair of a mechanism, a mode, a scheduler,
// a form and a way to move bytes occurs in one target. With suite.Full, every combination does.
func looping(over []placing) []Target {
	available := mechanisms()
	var all []Target
	for _, c := range suite.Combinations(len(available), len(modes), len(over), len(forms), len(ways)) {
		all = append(all, forms[c[3]](available[c[0]]+ways[c[4]], modes[c[1]], over[c[2]]))
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

// Tasks that cannot wait for each other are refused. A WriteQueue needs such waits, so other cases
// do not run.
func TestTasksThatCannotBeSuspended(t *testing.T) {
	target := unsuspended(auto.Auto)
	turns := slices.DeleteFunc(Cases(), func(c Case) bool { return !slices.Contains(c.Needs, Turns) })
	target.Waivers = slices.DeleteFunc(target.Waivers, func(w Waiver) bool {
		return !slices.ContainsFunc(turns, func(c Case) bool { return c.ID == w.Case })
	})
	suite.Run(t, "stream", turns, target)
}

func TestConnOverSched(t *testing.T) {
	for _, target := range onSingle() {
		t.Run(target.Name, func(t *testing.T) {
			t.Parallel()
			testConn(t, target)
		})
	}
}
