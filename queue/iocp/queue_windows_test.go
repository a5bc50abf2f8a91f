package iocp

import (
	"errors"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
	"github.com/stretchr/testify/require"
)

// patience distinguishes a hang from slowness on a loaded machine. It measures nothing.
const patience = time.Minute

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
	t.Cleanup(func() { _, _ = sys.Close(a), sys.Close(b) })
	return a, b
}

func must(t testing.TB, err error) {
	t.Helper()
	require.NoError(t, err)
}

func send(t testing.TB, h sys.Handle) {
	t.Helper()
	if _, err := sys.Send(h, []byte("x")); err != nil {
		t.Fatal(err)
	}
}

// wait returns the events of one Wait, which ends at the first event or after timeout.
func wait(t testing.TB, q *instance, timeout time.Duration) []queue.Event {
	t.Helper()
	events := make([]queue.Event, 8)
	n, err := q.Wait(events, timeout)
	must(t, err)
	return events[:n]
}

// ready waits until the poll of h has completed, and leaves its packet in the port. Another queue
// reports the readiness.
func ready(t testing.TB, h sys.Handle) {
	t.Helper()
	other := opened(t)
	must(t, other.Add(h, queue.Registration{Interest: queue.Readable}))
	if len(wait(t, other, patience)) != 1 {
		t.Fatalf("handle %v did not become readable", h)
	}
	must(t, other.Close())
}

// handles returns the number of open handles, or a number that grows with it.
func handles(t testing.TB) (n uint32) {
	t.Helper()
	process, err := syscall.GetCurrentProcess()
	must(t, err)
	count := syscall.NewLazyDLL("kernel32.dll").NewProc("GetProcessHandleCount")
	if ok, _, err := count.Call(uintptr(process), uintptr(unsafe.Pointer(&n))); ok == 0 {
		t.Fatal(err)
	}
	if n > 0 {
		return n
	}
	// Wine does not count handles, but assigns the lowest free number, a multiple of four.
	for range 8 {
		port, err := sys.PortCreate()
		must(t, err)
		defer sys.CloseObject(port)
		n = max(n, uint32(port)/4)
	}
	return n
}

func TestCloseEndsPollsAndReleasesHandles(t *testing.T) {
	a, _ := pair(t)
	b, _ := pair(t)
	cycle := func() {
		q := opened(t)
		must(t, q.Add(a, queue.Registration{Interest: queue.Readable, Mode: queue.OneShot}))
		must(t, q.Add(b, queue.Registration{Interest: queue.Writable}))
		var waiters sync.WaitGroup
		for range 3 {
			waiters.Go(func() {
				events := make([]queue.Event, 1)
				for {
					if _, err := q.Wait(events, -1); err != nil {
						if !errors.Is(err, queue.ErrClosed) {
							t.Error(err)
						}
						return
					}
				}
			})
		}
		wait(t, q, patience)
		must(t, q.Modify(a, queue.Registration{Interest: queue.None}))
		must(t, q.Close())
		waiters.Wait()
	}
	cycle() // opens what stays open for the life of the process
	before := handles(t)
	const queues = 100
	for range queues {
		cycle()
	}
	// Threads that the runtime starts meanwhile also have handles.
	if after := handles(t); after > before+queues/2 {
		t.Errorf("got %d handles before, %d after %d queues", before, after, queues)
	}
}

func TestAThousandSockets(t *testing.T) {
	const sockets = 1000
	q := opened(t)
	peers := map[queue.Token]sys.Handle{}
	for i := range queue.Token(sockets) {
		a, b := pair(t)
		must(t, q.Add(a, queue.Registration{Token: i, Interest: queue.Readable, Mode: queue.OneShot}))
		peers[i] = b
	}
	if got, want := len(q.polls.devices), (sockets+socketsPerDevice-1)/socketsPerDevice; got != want {
		t.Errorf("got %d handles of the driver, want %d", got, want)
	}
	if n := len(wait(t, q, 0)); n != 0 {
		t.Errorf("Wait before any send: got %d events, want 0", n)
	}
	for _, b := range peers {
		send(t, b)
	}
	events := make([]queue.Event, 100)
	for len(peers) > 0 {
		n, err := q.Wait(events, patience)
		if n == 0 || err != nil {
			t.Fatalf("%d sockets were not reported; error %v", len(peers), err)
		}
		for _, e := range events[:n] {
			if _, ok := peers[e.Token]; !ok {
				t.Errorf("token %d was reported twice", e.Token)
			}
			delete(peers, e.Token)
		}
	}
	if q.polls.underWay != 0 {
		t.Errorf("got %d polls under way, want 0", q.polls.underWay)
	}
}

func TestFilesAreNotPollableAndClosedHandlesNotOpen(t *testing.T) {
	q := opened(t)
	a, _ := pair(t)
	must(t, sys.Close(a))
	r := queue.Registration{Interest: queue.Readable}
	for h, notPollable := range map[sys.Handle]bool{q.port: true, q.polls.devices[0]: true, a: false, 1 << 28: false, sys.Invalid: false} {
		err := q.Add(h, r)
		if err == nil || errors.Is(err, queue.ErrNotPollable) != notPollable {
			t.Errorf("Add(%v): got error %v, want one that is ErrNotPollable only for an open object", h, err)
		}
		if !notPollable && !errors.Is(err, syscall.Errno(10038)) { // WSAENOTSOCK
			t.Errorf("Add(%v): got error %v, want WSAENOTSOCK: the handle is not open", h, err)
		}
	}
}

func TestUnknownWakerIsInvalid(t *testing.T) {
	if _, err := New(Options{Waker: "eventfd"}); !errors.Is(err, queue.ErrInvalid) {
		t.Errorf("New with an unknown waker: got error %v, want ErrInvalid", err)
	}
	q, err := New(Options{Waker: "pqcs"})
	must(t, err)
	must(t, q.Close())
}
