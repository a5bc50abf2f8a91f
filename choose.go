package edgewise

import (
	"fmt"
	"os"
	"strings"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/auto"
)

// Choice is what an option stands for that was left to Open.
type Choice struct {
	Option string // the name of the field of Options
	Name   string // the name that Open chose
	Reason string
}

// String returns the choice as a line.
func (c Choice) String() string { return c.Option + " " + c.Name + ": " + c.Reason }

// Choices returns what Open chose for Queue and IO. Open tries what the system can do. It does not
// look at versions.
func (s *Stack) Choices() []Choice { return s.choices }

// choose decides Queue and IO if they are "auto". It opens a queue for that, and closes it.
func (s *Stack) choose() error {
	o := &s.options
	if o.OpenQueue != nil {
		if o.IO == "auto" {
			s.chosen("IO", &o.IO, "readiness", "the event queue is the caller's")
		}
		return nil
	}
	q, passed, err := tryQueue(o.Queue)
	if err != nil {
		return &OptionError{Option: "Queue", Value: o.Queue, Err: err}
	}
	f := q.Features()
	_, performs := q.(queue.Completer)
	if err := q.Close(); err != nil {
		return err
	}
	if o.Queue == auto.Auto {
		name := f.Mechanism
		if forced := os.Getenv(auto.ForceVariable); forced != "" {
			s.chosen("Queue", &o.Queue, forced, auto.ForceVariable+" is set")
		} else {
			s.chosen("Queue", &o.Queue, name, "it measured best among those that the system has"+because(passed))
		}
	}
	if o.IO == "auto" {
		if performs && f.Completions {
			s.chosen("IO", &o.IO, "completion", fmt.Sprintf("%s performs operations", f.Mechanism))
		} else {
			s.chosen("IO", &o.IO, "readiness", fmt.Sprintf("%s reports readiness only", f.Mechanism))
		}
	}
	return nil
}

func tryQueue(name string) (queue.Queue, []auto.Passed, error) {
	if name == auto.Auto {
		return auto.New()
	}
	q, err := auto.ByName(name)
	return q, nil, err
}

func (s *Stack) chosen(option string, field *string, name, reason string) {
	*field = name
	s.options.Logger.Debug("edgewise: choose", "option", option, "name", name, "reason", reason)
	s.choices = append(s.choices, Choice{option, name, reason})
}

func because(passed []auto.Passed) string {
	var b strings.Builder
	for _, p := range passed {
		fmt.Fprintf(&b, "; not %s: %v", p.Name, p.Reason)
	}
	return b.String()
}
