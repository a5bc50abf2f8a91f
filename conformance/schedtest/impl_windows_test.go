package schedtest

import (
	"testing"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/iocp"
)

// system is what every scheduler has on Windows: there are no signals.
var system []Feature

func openIOCP() (queue.Queue, error) { return iocp.New(iocp.Options{}) }

func TestIOCP(t *testing.T) { testMechanism(t, "iocp", openIOCP) }

// targets are the schedulers that are tried on a mechanism in a mode. Those of several threads on one loop take Wine too long.
func targets(mechanism string, open opener, mode queue.Mode) []Target {
	return []Target{single(mechanism, open, mode), sharded(mechanism, open, mode)}
}
