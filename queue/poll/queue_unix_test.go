//go:build unix

package poll

import (
	"errors"
	"runtime"
	"testing"
	"time"
	"unsafe"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
	"github.com/stretchr/testify/require"
)

func opened(t testing.TB) *instance {
	t.Helper()
	q, err := open(Options{})
	require.NoError(t, err)
	t.Cleanup(func() {
		if err := q.Close(); err != nil && !errors.Is(err, queue.ErrClosed) {
			t.Error(err)
		}
	})
	return q
}

func pair(t testing.TB) (a, b sys.Handle) {
	t.Helper()
	a, b, err := sys.SocketPair()
	require.NoError(t, err)
	t.Cleanup(func() { sys.Close(a); sys.Close(b) })
	return a, b
}

func TestAHandleClosedWithoutDeleteIsReportedOnce(t *testing.T) {
	q := opened(t)
	h, other, err := sys.SocketPair()
	require.NoError(t, err)
	defer sys.Close(other)
	require.NoError(t, q.Add(h, queue.Registration{Interest: queue.Readable}))
	require.NoError(t, sys.Close(h))
	events := make([]queue.Event, 4)
	for i, want := range []int{1, 0} {
		if n, err := q.Wait(events, 0); n != want || err != nil {
			t.Errorf("Wait %d: got %d, %v, want %d", i, n, err, want)
		}
	}
	if err := q.Delete(h); err != nil {
		t.Error(err)
	}
}

func TestTheSetShrinksAndEntriesMove(t *testing.T) {
	q := opened(t)
	var hs []sys.Handle
	for i := range 4 {
		a, b := pair(t)
		hs = append(hs, a, b)
		for j, h := range []sys.Handle{a, b} {
			require.NoError(t, q.Add(h, queue.Registration{Token: queue.Token(2*i + j), Interest: queue.Writable}))
		}
	}
	events := make([]queue.Event, 16)
	for left := len(hs) - 1; left >= 0; left-- {
		at := left / 2
		require.NoError(t, q.Delete(hs[at]))
		hs = append(hs[:at], hs[at+1:]...)
		if n, err := q.Wait(events, 0); n != left || err != nil {
			t.Errorf("Wait: got %d, %v, want %d", n, err, left)
		}
	}
	if len(q.set.fds) != 1 {
		t.Errorf("got %d entries besides the waker, want 0", len(q.set.fds)-1)
	}
}

func TestAChangeReachesAWaitInAnotherThread(t *testing.T) {
	q := opened(t)
	a, _ := pair(t)
	got := make(chan int, 1)
	go func() {
		// Without a timeout: at its end, the Wait would see the change anyway.
		n, err := q.Wait(make([]queue.Event, 1), -1)
		if err != nil && !errors.Is(err, queue.ErrClosed) {
			t.Error(err)
		}
		got <- n
	}()
	for polling := false; !polling; runtime.Gosched() {
		q.Mu.Lock()
		polling = q.Polling
		q.Mu.Unlock()
	}
	require.NoError(t, q.Add(a, queue.Registration{Interest: queue.Writable}))
	select {
	case n := <-got:
		if n != 1 {
			t.Errorf("got %d events, want 1", n)
		}
	case <-time.After(time.Minute):
		t.Error("Wait did not return after a change from another thread")
	}
}

func TestASlotTakesWhatThePackageSays(t *testing.T) {
	if got := unsafe.Sizeof(slot{}); got > 24 {
		t.Errorf("a slot takes %d bytes, want at most 24 as documented", got)
	}
}
