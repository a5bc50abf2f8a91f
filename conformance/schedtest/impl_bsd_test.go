//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package schedtest

import (
	"testing"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/kqueue"
)

func openKqueue() (queue.Queue, error) { return kqueue.New(kqueue.Options{}) }

var mechanisms = []mechanism{{"kqueue", openKqueue}, {"poll", openPoll}}

func TestKqueue(t *testing.T) { testMechanism(t, "kqueue") }
