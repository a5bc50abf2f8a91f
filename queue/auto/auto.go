// Package auto picks the mechanism of an event queue at run time.
package auto

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/epoll"
	"github.com/edgewise-go/edgewise/queue/iocp"
	"github.com/edgewise-go/edgewise/queue/iouring"
	"github.com/edgewise-go/edgewise/queue/kqueue"
	"github.com/edgewise-go/edgewise/queue/poll"
)

// ForceVariable names the environment variable that overrides the choice of [New], for tests of
// programs: the name of a mechanism, and behind a colon, if wanted, that of a waker, as in
// "poll:pipe".
const ForceVariable = "QUEUE_FORCE"

// Auto is the name of the choice that [New] makes.
const Auto = "auto"

// Passed is a mechanism that was not taken, and why.
type Passed struct {
	Name   string
	Reason error
}

// mechanism opens one kind of queue with a waker, or with the best if that is empty.
type mechanism struct {
	name string
	open func(waker string) (queue.Queue, error)
}

// mechanisms are in order of preference: as a queue of readiness, io_uring costs a little more than
// epoll does.
func mechanisms() []mechanism {
	return []mechanism{
		{"epoll", func(w string) (queue.Queue, error) { return opened(epoll.New(epoll.Options{Waker: w})) }},
		{"kqueue", func(w string) (queue.Queue, error) { return opened(kqueue.New(kqueue.Options{Waker: w})) }},
		{"iocp", func(w string) (queue.Queue, error) { return opened(iocp.New(iocp.Options{Waker: w})) }},
		{"iouring", func(w string) (queue.Queue, error) { return opened(iouring.New(iouring.Options{Waker: w})) }},
		{"poll", func(w string) (queue.Queue, error) { return opened(poll.New(poll.Options{Waker: w})) }},
	}
}

// opened makes no queue of a nil pointer.
func opened[Q queue.Queue](q Q, err error) (queue.Queue, error) {
	if err != nil {
		return nil, err
	}
	return q, nil
}

// Names returns the names that ByName knows, "auto" first.
func Names() []string {
	names := []string{Auto}
	for _, m := range mechanisms() {
		names = append(names, m.name)
	}
	return names
}

// New opens a queue on the best mechanism that this system lets the process use, and returns those
// that it passed over. Those called prefer come before all others, in their order, and may have the
// name of a waker behind a colon; what the system does not have at all is passed over without a
// word unless it was preferred. The environment variable [ForceVariable] leaves no choice.
//
// Errors: if none works, one that wraps the reason of each; [queue.ErrInvalid] for an unknown name,
// in prefer or in the variable.
func New(prefer ...string) (queue.Queue, []Passed, error) {
	if forced := os.Getenv(ForceVariable); forced != "" {
		q, err := ByName(forced)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", ForceVariable, err)
		}
		return q, nil, nil
	}
	return choose(mechanisms(), prefer...)
}

func choose(candidates []mechanism, prefer ...string) (queue.Queue, []Passed, error) {
	var passed []Passed
	var reasons []error
	try := func(m mechanism, name, waker string, silent bool) (queue.Queue, bool) {
		q, err := m.open(waker)
		if err == nil {
			return q, true
		}
		reasons = append(reasons, err)
		if !silent || !errors.Is(err, errors.ErrUnsupported) {
			passed = append(passed, Passed{name, err})
		}
		return nil, false
	}
	for _, name := range prefer {
		base, waker, _ := strings.Cut(name, ":")
		i := slices.IndexFunc(candidates, func(m mechanism) bool { return m.name == base })
		if i < 0 {
			return nil, nil, unknown(name)
		}
		if q, ok := try(candidates[i], name, waker, false); ok {
			return q, passed, nil
		}
	}
	for _, m := range candidates {
		if slices.Contains(prefer, m.name) {
			continue
		}
		if q, ok := try(m, m.name, "", true); ok {
			return q, passed, nil
		}
	}
	return nil, passed, fmt.Errorf("queue: no mechanism works here: %w", errors.Join(reasons...))
}

func unknown(name string) error {
	return fmt.Errorf("queue: %w: unknown mechanism %q (known: %s)", queue.ErrInvalid, name, strings.Join(Names(), ", "))
}

// ByName opens a queue on the mechanism called name, which may have the name of a waker behind a
// colon. "auto" chooses as New does, the environment included.
//
// Errors: [queue.ErrInvalid] for an unknown name; one that is [errors.ErrUnsupported] for a
// mechanism that this system does not have, with the name of the best that works;
// [queue.ErrUnavailable] if the system refuses.
func ByName(name string) (queue.Queue, error) {
	if name == Auto {
		q, _, err := New()
		return q, err
	}
	base, waker, _ := strings.Cut(name, ":")
	for _, m := range mechanisms() {
		if m.name != base {
			continue
		}
		q, err := m.open(waker)
		if errors.Is(err, errors.ErrUnsupported) {
			return nil, fmt.Errorf("queue: %w%s", err, nearest())
		}
		return q, err
	}
	return nil, unknown(name)
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
