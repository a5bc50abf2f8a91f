package auto

import (
	"strings"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/completion"
	"github.com/edgewise-go/edgewise/queue/iouring"
)

// Completer opens a queue as ByName does, and makes a [queue.Completer] of it; see Completing.
//
// If singleWaiter is true, one goroutine, locked to its thread, makes all calls of Wait. Some
// mechanisms cost less then.
//
// Errors: those of ByName.
func Completer(name string, singleWaiter bool) (queue.Completer, error) {
	q, err := open(name, singleWaiter)
	if err != nil {
		return nil, err
	}
	return Completing(q)
}

func open(name string, singleWaiter bool) (queue.Queue, error) {
	if base, waker, _ := strings.Cut(name, ":"); base == "iouring" && singleWaiter {
		return iouring.New(iouring.Options{Waker: waker, SingleWaiter: true})
	}
	return ByName(name)
}

// Completing returns q itself if it completes natively, and otherwise an adapter that owns q.
func Completing(q queue.Queue) (queue.Completer, error) {
	if c, ok := q.(queue.Completer); ok && q.Features().Completions {
		return c, nil
	}
	return completion.New(q, completion.Options{})
}
