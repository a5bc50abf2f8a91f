package sys_test

import (
	"errors"
	"runtime"
	"testing"

	"github.com/edgewise-go/edgewise/sys"
	"github.com/stretchr/testify/require"
)

func TestThreadsHaveDifferentIDs(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	own, err := sys.ThreadID()
	if errors.Is(err, errors.ErrUnsupported) {
		t.Logf("%v", err)
		return
	}
	require.NoError(t, err)
	other := make(chan uint64)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		id, _ := sys.ThreadID()
		other <- id
	}()
	if id := <-other; id == own {
		t.Errorf("two threads have the same number %d", id)
	}
	if again, _ := sys.ThreadID(); again != own {
		t.Errorf("number of the thread changed from %d to %d", own, again)
	}
}
