package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/edgewise-go/edgewise/apps/internal/cli"
	"github.com/edgewise-go/edgewise/apps/internal/strategy"
	"github.com/edgewise-go/edgewise/queue/auto"
)

// sweep is the strategies that a benchmark runs through, as comma-separated lists. A strategy that
// it does not vary has one value.
type sweep struct {
	queues, modes, scheds, tasks string
	loops                        int
}

// register adds the flags to fs. The values of sweep are the defaults. A flag without a value is
// not added.
func (s *sweep) register(fs *flag.FlagSet) {
	fs.StringVar(&s.queues, "queue", s.queues, "mechanisms of the event queue, comma-separated; if empty, all that work here")
	for _, f := range []struct {
		value      *string
		name, text string
	}{{&s.modes, "mode", "modes of the event queue"}, {&s.scheds, "sched", "schedulers"}, {&s.tasks, "task", "forms of the tasks"}} {
		if *f.value != "" {
			fs.StringVar(f.value, f.name, *f.value, f.text+", comma-separated")
		}
	}
	if s.scheds != "" {
		fs.IntVar(&s.loops, "loops", s.loops, "event loops of the schedulers that may have several")
	}
}

// all returns every combination. It prints the mechanisms that are omitted because they do not work
// here.
func (s *sweep) all(w io.Writer) ([]strategy.Flags, error) {
	names, err := s.mechanisms(w)
	if err != nil {
		return nil, err
	}
	var all []strategy.Flags
	for _, name := range names {
		for mode := range strings.SplitSeq(s.modes, ",") {
			for scheduler := range strings.SplitSeq(s.scheds, ",") {
				for task := range strings.SplitSeq(s.tasks, ",") {
					f := strategy.Flags{Queue: name, Mode: mode, Sched: scheduler, Task: task, Loops: s.loops, Resolve: "pool"}
					if f.Task == "" {
						f.Task = "coroutine"
					}
					if f.Sched == "single" || f.Sched == "" {
						f.Loops = 1
					}
					if err := f.Check(); err != nil {
						return nil, err
					}
					all = append(all, f)
				}
			}
		}
	}
	return all, nil
}

func (s *sweep) mechanisms(w io.Writer) ([]string, error) {
	if s.queues != "" {
		names := strings.Split(s.queues, ",")
		for _, name := range names {
			if !slices.Contains(auto.Names(), name) {
				return nil, cli.Usagef("-queue %s: unknown; want some of %s", name, strings.Join(auto.Names(), ","))
			}
		}
		return names, nil
	}
	var names []string
	for _, name := range slices.DeleteFunc(auto.Names(), func(name string) bool { return name == auto.Auto }) {
		q, err := auto.ByName(name)
		if errors.Is(err, errors.ErrUnsupported) {
			continue
		}
		if err != nil {
			fmt.Fprintf(w, "skipped %s: %v\n", name, err)
			continue
		}
		if err := q.Close(); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, nil
}

// allModes is the default of -mode.
const allModes = "level,edge,oneshot"

// allTasks is the default of -task.
const allTasks = "coroutine,handler"
