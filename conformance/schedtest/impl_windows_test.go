package schedtest

import (
	"testing"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/iocp"
)

// system is what every scheduler has on Windows: there are no signals.
var system []Feature

func openIOCP() (queue.Queue, error) { return iocp.New(iocp.Options{}) }

var mechanisms = []mechanism{{"iocp", openIOCP}}

func TestIOCP(t *testing.T) { testMechanism(t, "iocp") }

// Those of several threads on one loop take Wine too long.
var schedulers = []scheduler{single, sharded}
