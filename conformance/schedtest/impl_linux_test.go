package schedtest

import (
	"testing"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/epoll"
	"github.com/edgewise-go/edgewise/queue/iouring"
)

func openEpoll() (queue.Queue, error) { return epoll.New(epoll.Options{}) }

func openIoUring() (queue.Queue, error) { return iouring.New(iouring.Options{}) }

var mechanisms = []mechanism{{"epoll", openEpoll}, {"iouring", openIoUring}, {"poll", openPoll}}

func TestEpoll(t *testing.T)   { testMechanism(t, "epoll") }
func TestIoUring(t *testing.T) { testMechanism(t, "iouring") }
