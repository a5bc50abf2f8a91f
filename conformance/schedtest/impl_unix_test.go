//go:build unix

package schedtest

import (
	"testing"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/poll"
)

// system holds the features that every scheduler has on Unix.
var system = []Feature{Signals, UrgentData, ResetErrors}

func openPoll() (queue.Queue, error) { return poll.New(poll.Options{}) }

func TestPoll(t *testing.T) { testMechanism(t, "poll") }

var schedulers = []scheduler{single, sharded, sharedBy(2, "shared"), sharedBy(4, "shared4"), stealingBy(2, "stealing"), stealingBy(3, "stealing3")}
