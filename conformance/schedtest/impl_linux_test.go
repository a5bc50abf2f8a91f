package schedtest

import (
	"slices"
	"strings"
	"testing"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/epoll"
	"github.com/edgewise-go/edgewise/queue/iouring"
)

func openEpoll() (queue.Queue, error) { return epoll.New(epoll.Options{}) }

func openIoUring() (queue.Queue, error) { return iouring.New(iouring.Options{}) }

var mechanisms = []mechanism{{"epoll", openEpoll}, {"iouring", openIoUring}, {"poll", openPoll}}

func TestEpoll(t *testing.T)   { testMechanism(t, "epoll") }
func TestIoUring(t *testing.T) { testMechanism(t, "iouring") }

// Handlers begin their transfers while other workers take the events of their registrations. Those
// come at once in mode Edge, which the combinations need not pair with these.
func TestTransfersOfSeveralWorkers(t *testing.T) {
	transfers := slices.DeleteFunc(Cases(), func(c Case) bool { return !strings.HasPrefix(c.ID, "transfer/") })
	target := completing(mechanism{"epoll", openEpoll}, sharedBy(4, "shared4"), queue.Edge)
	target.Name += "/transfers"
	suite.Run(t, "sched", transfers, target.suite())
}
