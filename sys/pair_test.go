package sys_test

import (
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/sys"
	"github.com/stretchr/testify/require"
)

func own(t *testing.T, hs ...sys.Handle) {
	t.Helper()
	t.Cleanup(func() {
		for _, h := range hs {
			if err := sys.Close(h); err != nil {
				t.Errorf("close %v: %v", h, err)
			}
		}
	})
}

func pair(t *testing.T) (a, b sys.Handle) {
	t.Helper()
	a, b, err := sys.SocketPair()
	require.NoError(t, err)
	own(t, a, b)
	return a, b
}

// patience ends hangs. It is long enough for a loaded machine, and measures nothing.
const patience = time.Minute

// readable waits until h can be read. A pair may be a TCP connection, on which bytes arrive a
// little after the send.
func readable(t *testing.T, h sys.Handle) {
	t.Helper()
	if n, err := sys.Poll([]sys.PollFD{{Fd: int32(h), Events: sys.PollIn}}, patience); n != 1 || err != nil {
		t.Fatalf("handle %v did not become readable: %d, %v", h, n, err)
	}
}
