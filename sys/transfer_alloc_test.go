//go:build linux || windows

package sys_test

import (
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/sys"
)

func TestTransfersDoNotAllocate(t *testing.T) {
	a, b := pair(t)
	p := make([]byte, 4)
	two := [][]byte{p[:2], p[2:]}
	fds := []sys.PollFD{{Fd: int32(b), Events: sys.PollIn}}
	allocated := testing.AllocsPerRun(100, func() {
		_, _ = sys.Send(a, p)
		_, _ = sys.Poll(fds, time.Second)
		_, _ = sys.Recv(b, p)
		_, _ = sys.SendSegments(a, two)
		_, _ = sys.RecvSegments(b, two)
		_, _ = sys.Recv(b, p)
	})
	if allocated != 0 {
		t.Errorf("got %v allocations, want 0", allocated)
	}
}
