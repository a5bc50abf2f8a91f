package queuetest

import (
	"testing"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/netpoll"
)

// netpollTarget is a target whose Waits park in the runtime's poller.
func netpollTarget(below Target) Target {
	open := below.Open
	below.Name += "+netpoll"
	below.Open = func() (queue.Queue, error) {
		q, err := open()
		if err != nil {
			return nil, err
		}
		return netpoll.New(q)
	}
	return below
}

func TestNetpollOverEpoll(t *testing.T) { Run(t, netpollTarget(epollTarget("eventfd"))) }

func TestNetpollOverIouring(t *testing.T) {
	target := netpollTarget(iouringTarget("nop"))
	target.Waivers = []Waiver{{
		Case:   "delete/after-close",
		Reason: "A ring whose Handle is in use polls again at the end of a Wait. A level is thus reported once more after the close, and then the error of the next poll.",
		URL:    "https://pkg.go.dev/github.com/edgewise-go/edgewise/queue/iouring#hdr-Limitations",
	}}
	Run(t, target)
}
