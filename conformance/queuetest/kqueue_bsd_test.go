//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package queuetest

import (
	"testing"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/kqueue"
)

func kqueueTarget(waker string) Target {
	return Target{
		Name: "kqueue+" + waker,
		Features: queue.Features{
			Mechanism: "kqueue", Waker: waker, NativeEdge: true, NativeOneShot: true, PeerShut: true, Nested: true,
		},
		Open: func() (queue.Queue, error) { return kqueue.New(kqueue.Options{Waker: waker}) },
	}
}

func TestKqueueUser(t *testing.T) { Run(t, kqueueTarget("user")) }
func TestKqueuePipe(t *testing.T) { Run(t, kqueueTarget("pipe")) }
