//go:build unix

package schedtest

import (
	"testing"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/poll"
)

// system is what every scheduler has on a Unix.
var system = []Feature{Signals}

func openPoll() (queue.Queue, error) { return poll.New(poll.Options{}) }

func TestPoll(t *testing.T) { testMechanism(t, "poll", openPoll) }

// targets are the schedulers that are tried on a mechanism in a mode.
func targets(mechanism string, open opener, mode queue.Mode) []Target {
	all := []Target{
		single(mechanism, open, mode),
		sharded(mechanism, open, mode),
		shared(2, "shared", mechanism, open, mode),
		stealing(2, "stealing", mechanism, open, mode),
	}
	if mechanism == "epoll" {
		all = append(all, shared(4, "shared4", mechanism, open, mode), stealing(3, "stealing3", mechanism, open, mode))
	}
	return all
}
