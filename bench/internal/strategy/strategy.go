// Package strategy lets the measures run through the strategies of the event queue and the
// schedulers.
package strategy

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/auto"
	"github.com/edgewise-go/edgewise/sched"
)

// Names of the strategies.
const (
	Single    = "single"
	Coroutine = "coroutine"
	Handler   = "handler"
)

// ModeNames returns the modes of an event queue.
func ModeNames() []string { return []string{"level", "edge", "oneshot"} }

// Schedulers returns the names of the schedulers.
func Schedulers() []string { return []string{Single, "sharded", "shared", "stealing"} }

// Forms returns the forms of the tasks.
func Forms() []string { return []string{Coroutine, Handler} }

// Mode returns the mode that name names. name must be one of ModeNames.
func Mode(name string) queue.Mode {
	return map[string]queue.Mode{"level": queue.Level, "edge": queue.Edge, "oneshot": queue.OneShot}[name]
}

// Choice is one strategy of each kind.
type Choice struct {
	Queue string
	Mode  string
	Sched string
	Task  string
	Loops int // with the scheduler "shared", the workers of the one loop
}

// String names the strategies.
func (c Choice) String() string {
	var parts []string
	for _, part := range []string{c.Queue, "mode " + c.Mode, c.Sched, c.Task} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, ", ")
}

// Open makes the scheduler that c names. wrap, if not nil, is called with each queue and returns
// the queue to use.
func (c Choice) Open(options sched.Options, wrap func(queue.Queue) queue.Queue) (sched.Scheduler, error) {
	options.Mode = Mode(c.Mode)
	open := func() (queue.Queue, error) {
		q, err := auto.ByName(c.Queue)
		if err == nil && wrap != nil {
			q = wrap(q)
		}
		return q, err
	}
	switch c.Sched {
	case "sharded":
		return sched.NewSharded(c.Loops, open, options)
	case "stealing":
		return sched.NewStealing(c.Loops, open, options)
	}
	q, err := open()
	if err != nil {
		return nil, err
	}
	if c.Sched != "shared" {
		return sched.NewSingle(q, options), nil
	}
	s, err := sched.NewShared(c.Loops, q, options)
	if err != nil {
		return nil, errors.Join(err, q.Close())
	}
	return s, nil
}

// WorkingQueues returns the names of the mechanisms that work here. It prints the others that the
// system has, with the reason.
func WorkingQueues(out io.Writer) ([]string, error) {
	var names []string
	for _, name := range slices.DeleteFunc(auto.Names(), func(name string) bool { return name == auto.Auto }) {
		q, err := auto.ByName(name)
		if errors.Is(err, errors.ErrUnsupported) {
			continue
		}
		if err != nil {
			fmt.Fprintf(out, "skipped %s: %v\n", name, err)
			continue
		}
		if err := q.Close(); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, nil
}
