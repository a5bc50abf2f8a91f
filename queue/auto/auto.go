// Package auto picks the mechanism of an event queue at run time.
package auto

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/epoll"
	"github.com/edgewise-go/edgewise/queue/poll"
)

// ForceVariable names the environment variable that overrides the choice of [New], for tests of programs: the name of a mechanism,
// and behind a colon, if wanted, that of a waker, as in "poll:pipe".
const ForceVariable = "QUEUE_FORCE"

// Auto is the name of the choice that [New] makes.
const Auto = "auto"

// Passed is a mechanism that was not taken, and why.
type Passed struct {
	Name   string
	Reason error
}

// mechanism opens one kind of queue with a waker, or with the best if that is empty. One that is known but not built in has no open.
type mechanism struct {
	name string
	open func(waker string) (queue.Queue, error)
}

// mechanisms are in order of preference.
func mechanisms() []mechanism {
	return []mechanism{
		{"epoll", openEpoll},
		{"kqueue", nil},
		{"iocp", nil},
		{"iouring", nil},
		{"poll", openPoll},
	}
}

func openEpoll(waker string) (queue.Queue, error) {
	q, err := epoll.New(epoll.Options{Waker: waker})
	if err != nil {
		return nil, err
	}
	return q, nil
}

func openPoll(waker string) (queue.Queue, error) {
	q, err := poll.New(poll.Options{Waker: waker})
	if err != nil {
		return nil, err
	}
	return q, nil
}

// Names returns the names that Open knows, "auto" first.
func Names() []string {
	names := []string{Auto}
	for _, m := range mechanisms() {
		names = append(names, m.name)
	}
	return names
}

// New opens a queue on the best mechanism that this system lets the process use, and returns those that it passed over. The
// environment variable [ForceVariable] leaves no choice.
//
// Errors: if none works, one that wraps the reason of each; [queue.ErrInvalid] for an unknown name in the variable.
func New() (queue.Queue, []Passed, error) {
	if forced := os.Getenv(ForceVariable); forced != "" {
		q, err := Open(forced)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", ForceVariable, err)
		}
		return q, nil, nil
	}
	return choose(mechanisms())
}

func choose(candidates []mechanism) (queue.Queue, []Passed, error) {
	var passed []Passed
	var reasons []error
	for _, m := range candidates {
		if m.open == nil {
			continue
		}
		q, err := m.open("")
		if err == nil {
			return q, passed, nil
		}
		passed = append(passed, Passed{m.name, err})
		reasons = append(reasons, err)
	}
	return nil, passed, fmt.Errorf("queue: no mechanism works here: %w", errors.Join(reasons...))
}

// Open opens a queue on the mechanism called name, which may have the name of a waker behind a colon. "auto" chooses as New does, the
// environment included.
//
// Errors: [queue.ErrInvalid] for an unknown name; one that is [errors.ErrUnsupported] for a mechanism that this system does not have, with the
// name of the best that works; [queue.ErrUnavailable] if the system refuses.
func Open(name string) (queue.Queue, error) {
	if name == Auto {
		q, _, err := New()
		return q, err
	}
	base, waker, _ := strings.Cut(name, ":")
	for _, m := range mechanisms() {
		if m.name != base {
			continue
		}
		if m.open == nil {
			return nil, fmt.Errorf("queue: %s: %w%s", base, errors.ErrUnsupported, nearest())
		}
		q, err := m.open(waker)
		if errors.Is(err, errors.ErrUnsupported) {
			return nil, fmt.Errorf("queue: %w%s", err, nearest())
		}
		return q, err
	}
	return nil, fmt.Errorf("queue: %w: unknown mechanism %q (known: %s)", queue.ErrInvalid, name, strings.Join(Names(), ", "))
}

// nearest says which mechanism works here.
func nearest() string {
	q, _, err := choose(mechanisms())
	if err != nil {
		return ""
	}
	name := q.Features().Mechanism
	if err := q.Close(); err != nil {
		return ""
	}
	return " (the nearest that works here is " + name + ")"
}
