package queuetest_test

import (
	"context"
	"fmt"

	"github.com/edgewise-go/edgewise/conformance/queuetest"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/poll"
)

// In a test, Run runs the same cases as subtests. A tool without a *testing.T calls Check.
func Example() {
	mine := queuetest.Target{
		Name:     "mine",
		Features: queue.Features{Mechanism: "poll", Waker: "pipe", PeerShut: true},
		Open:     func() (queue.Queue, error) { return poll.New(poll.Options{Waker: "pipe"}) },
	}
	for _, violation := range queuetest.Check(context.Background(), mine) {
		fmt.Println(violation)
	}
}
