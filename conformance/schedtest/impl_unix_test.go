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
