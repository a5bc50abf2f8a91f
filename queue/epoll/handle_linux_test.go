package epoll

import (
	"os"
	"syscall"
	"testing"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
	"github.com/stretchr/testify/require"
)

func openDescriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	return len(entries)
}

func TestCloseReleasesTheDescriptors(t *testing.T) {
	for _, kind := range []string{"eventfd", "pipe"} {
		before := openDescriptors(t)
		for range 10 {
			q, err := New(Options{Waker: kind})
			require.NoError(t, err)
			require.NoError(t, q.Close())
		}
		if after := openDescriptors(t); after != before {
			t.Errorf("%s: %d handles before, %d after", kind, before, after)
		}
	}
}

func TestHandleZeroIsAHandle(t *testing.T) {
	stdin, err := syscall.Dup(0)
	require.NoError(t, err)
	defer func() {
		if err := syscall.Dup3(stdin, 0, 0); err != nil {
			t.Error(err)
		}
		syscall.Close(stdin)
	}()
	require.NoError(t, syscall.Close(0))
	zero, peer, err := sys.SocketPair()
	if err != nil || zero != 0 {
		t.Fatalf("SocketPair: got handle %v, %v; want 0", zero, err)
	}
	defer sys.Close(peer)
	q := opened(t, Options{})
	require.NoError(t, q.Add(zero, queue.Registration{Token: 5, Interest: queue.Readable}))
	require.NoError(t, q.Wake())
	events := make([]queue.Event, 2)
	if n, err := q.Wait(events, -1); n != 0 || err != nil {
		t.Errorf("Wait after a Wake: got %d, %v; want 0, nil", n, err)
	}
	if _, err := sys.Send(peer, []byte("x")); err != nil {
		t.Fatal(err)
	}
	if n, err := q.Wait(events, -1); n != 1 || err != nil || events[0].Token != 5 {
		t.Errorf("Wait: got %d, %v, token %d; want 1, nil, token 5", n, err, events[0].Token)
	}
}
