package strategy

import (
	"io"

	"github.com/spf13/pflag"

	"github.com/edgewise-go/edgewise/bench/internal/cli"
	"github.com/edgewise-go/edgewise/queue/auto"
	"github.com/edgewise-go/edgewise/sched"
)

// Sweep is the strategies of which a measure runs every combination. A kind of strategy without
// values has no flag.
type Sweep struct {
	Queues, Modes, Scheds, Tasks []string
	Loops                        int

	flags *pflag.FlagSet
}

// Register adds the flags to fs. The values of s are the defaults.
func (s *Sweep) Register(fs *pflag.FlagSet) {
	s.flags = fs
	fs.StringSliceVar(&s.Queues, "queue", s.Queues, "mechanisms of the event queue, comma-separated; if empty, all that work here")
	for _, f := range []struct {
		values     *[]string
		name, text string
	}{{&s.Modes, "mode", "modes of the event queue"}, {&s.Scheds, "sched", "schedulers"}, {&s.Tasks, "task", "forms of the tasks"}} {
		if len(*f.values) > 0 {
			fs.StringSliceVar(f.values, f.name, *f.values, f.text+", comma-separated")
		}
	}
	if len(s.Scheds) > 0 {
		fs.IntVar(&s.Loops, "loops", s.Loops, "event loops of the schedulers that may have several; with shared, threads of the one loop")
	}
}

// All returns every combination. It prints the mechanisms that are omitted because they do not work
// here.
func (s *Sweep) All(out io.Writer) ([]Choice, error) {
	queues, err := s.queues(out)
	if err != nil {
		return nil, err
	}
	for _, f := range []struct {
		name          string
		values, known []string
	}{{"mode", s.Modes, ModeNames()}, {"sched", s.Scheds, Schedulers()}, {"task", s.Tasks, Forms()}} {
		if s.flags.Lookup(f.name) == nil {
			continue
		}
		if err := cli.SomeOf(f.name, f.values, f.known); err != nil {
			return nil, err
		}
	}
	if s.flags.Lookup("loops") != nil && (s.Loops < 1 || s.Loops > sched.MaxWorkers) {
		return nil, cli.Usagef("--loops %d: want 1 to %d", s.Loops, sched.MaxWorkers)
	}
	var all []Choice
	for _, q := range queues {
		for _, mode := range orNone(s.Modes) {
			for _, scheduler := range orNone(s.Scheds) {
				for _, task := range orNone(s.Tasks) {
					c := Choice{Queue: q, Mode: mode, Sched: scheduler, Task: task, Loops: s.Loops}
					if c.Sched == Single || c.Sched == "" {
						c.Loops = 1
					}
					all = append(all, c)
				}
			}
		}
	}
	return all, nil
}

// orNone returns values, or one empty value if there are none.
func orNone(values []string) []string {
	if len(values) == 0 {
		return []string{""}
	}
	return values
}

func (s *Sweep) queues(out io.Writer) ([]string, error) {
	if len(s.Queues) == 0 {
		return WorkingQueues(out)
	}
	return s.Queues, cli.SomeOf("queue", s.Queues, auto.Names())
}
