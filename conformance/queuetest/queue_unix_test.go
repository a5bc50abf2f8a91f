//go:build unix

package queuetest

import (
	"testing"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/poll"
	"github.com/edgewise-go/edgewise/sys"
)

func pollTarget(waker string) Target {
	return Target{
		Name:     "poll+" + waker,
		Features: queue.Features{Mechanism: "poll", Waker: waker, PeerShut: sys.PollRDHup != 0},
		Open:     func() (queue.Queue, error) { return poll.New(poll.Options{Waker: waker}) },
	}
}

func TestPollPipe(t *testing.T) { Run(t, pollTarget("pipe")) }
