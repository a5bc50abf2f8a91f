package schedtest

import (
	"testing"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/iocp"
)

// system holds the features that every scheduler has on Windows, which has no signals.
var system []Feature

func openIOCP() (queue.Queue, error) { return iocp.New(iocp.Options{}) }

var mechanisms = []mechanism{{"iocp", openIOCP}}

func TestIOCP(t *testing.T) { testMechanism(t, "iocp") }

// Wine takes too long for loops with several threads.
var schedulers = []scheduler{single, sharded}
