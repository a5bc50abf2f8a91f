package queuetest

import (
	"testing"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/epoll"
)

func epollTarget(waker string) Target {
	return Target{
		Name: "epoll+" + waker,
		Features: queue.Features{
			Mechanism: "epoll", Waker: waker, NativeEdge: true, NativeOneShot: true, Exclusive: true, PeerShut: true, Nested: true,
			Urgent: true,
		},
		Open: func() (queue.Queue, error) { return epoll.New(epoll.Options{Waker: waker}) },
	}
}

func TestEpollEventfd(t *testing.T) { Run(t, epollTarget("eventfd")) }
func TestEpollPipe(t *testing.T)    { Run(t, epollTarget("pipe")) }
func TestPollEventfd(t *testing.T)  { Run(t, pollTarget("eventfd")) }
