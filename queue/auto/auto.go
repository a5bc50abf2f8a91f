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

// ForceVariable is the environment variable that overrides the choice of [New], for tests of
// programs. Its value is the name of a mechanism, optionally followed by a colon and the name of a
// waker, as in "poll:pipe".
const ForceVariable = "QUEUE_FORCE"

// Auto is the name under which [ByName] chooses as [New] does.
const Auto = "auto"

// Passed is a mechanism that [New] passed over, and the reason.
type Passed struct {
	Name   string
	Reason error
}

// mechanism opens one kind of queue. An empty waker selects the best one.
type mechanism struct {
	name string
	open func(waker string) (queue.Queue, error)
}

// mechanisms returns all mechanisms in order of preference. io_uring comes after epoll: as a queue
// of readiness it costs a little more. With operations it cost as much as epoll at seven loads on
// Linux 6.18, and so did a server in C with liburing (bench compare).
func mechanisms() []mechanism {
	return []mechanism{
		{"epoll", func(w string) (queue.Queue, error) { return epoll.New(epoll.Options{Waker: w}) }},
		{"kqueue", func(w string) (queue.Queue, error) { return kqueue.New(kqueue.Options{Waker: w}) }},
		{"iocp", func(w string) (queue.Queue, error) { return iocp.New(iocp.Options{Waker: w}) }},
		{"iouring", func(w string) (queue.Queue, error) { return iouring.New(iouring.Options{Waker: w}) }},
		{"poll", func(w string) (queue.Queue, error) { return poll.New(poll.Options{Waker: w}) }},
	}
}

// Names returns the names that ByName accepts, "auto" first.
func Names() []string {
	names := []string{Auto}
	for _, m := range mechanisms() {
		names = append(names, m.name)
	}
	return names
}

// New opens a queue on the best mechanism that this system lets the process use. It also returns
// the mechanisms that it passed over.
//
// The mechanisms named in prefer come before all others, in their order. A name may be followed by
// a colon and the name of a waker. A mechanism that the system lacks is not among those passed
// over, unless prefer names it. The environment variable [ForceVariable] overrides prefer and the
// order.
//
// Errors: [queue.ErrInvalid] for an unknown name in prefer or in the variable. If no mechanism
// works, the error wraps the reason of each.
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
	return nil, passed, fmt.Errorf("auto: no usable mechanism: %w", errors.Join(reasons...))
}

func unknown(name string) error {
	return fmt.Errorf("auto: %w: unknown mechanism %q, want one of %s", queue.ErrInvalid, name, strings.Join(Names(), ", "))
}

// ByName opens a queue on the mechanism called name, which may be followed by a colon and the name
// of a waker. The name "auto" chooses as New does, including the environment variable.
//
// Errors: [queue.ErrInvalid] for an unknown name, and [queue.ErrUnavailable] if the system refuses.
// If this system lacks the mechanism, the error is [errors.ErrUnsupported] and names the best
// mechanism that works.
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
			return nil, fmt.Errorf("auto: %w%s", err, nearest())
		}
		return q, err
	}
	return nil, unknown(name)
}

// nearest returns a remark that names the best mechanism that works, or "" if none does.
func nearest() string {
	q, _, err := choose(mechanisms())
	if err != nil {
		return ""
	}
	name := q.Features().Mechanism
	if err := q.Close(); err != nil {
		return ""
	}
	return " (best usable mechanism: " + name + ")"
}
