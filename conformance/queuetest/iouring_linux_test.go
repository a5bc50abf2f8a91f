package queuetest

import (
	"testing"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/iouring"
)

func iouringTarget(waker string) Target {
	return Target{
		Name: "iouring+" + waker,
		Features: queue.Features{
			Mechanism: "iouring", Waker: waker, NativeEdge: true, NativeOneShot: true, Exclusive: true, PeerShut: true, Nested: true,
			Completions: true,
		},
		Open: func() (queue.Queue, error) { return iouring.New(iouring.Options{Waker: waker}) },
	}
}

func TestIoUringNop(t *testing.T)     { Run(t, iouringTarget("nop")) }
func TestIoUringEventfd(t *testing.T) { runReadiness(t, iouringTarget("eventfd")) }
func TestIoUringPipe(t *testing.T)    { runReadiness(t, iouringTarget("pipe")) }
