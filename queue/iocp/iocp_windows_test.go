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
)

// patience tells a hang from slowness on a loaded machine, and measures nothing.
const patience = time.Minute

func open(t testing.TB) *Queue {
	t.Helper()
	q, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
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
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = sys.Close(a), sys.Close(b) })
	return a, b
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func send(t testing.TB, h sys.Handle) {
	t.Helper()
	if _, err := sys.Send(h, []byte("x")); err != nil {
		t.Fatal(err)
	}
}

// wait returns the events of a Wait that ends when there is one, or at once if there is none.
func wait(t testing.TB, q *Queue, timeout time.Duration) []queue.Event {
	t.Helper()
	events := make([]queue.Event, 8)
	n, err := q.Wait(events, timeout)
	must(t, err)
	return events[:n]
}

// ready waits until the poll of h has completed, whose packet stays in the port: another queue
// tells.
func ready(t testing.TB, h sys.Handle) {
	t.Helper()
	other := open(t)
	must(t, other.Add(h, queue.Registration{Interest: queue.Readable}))
	if len(wait(t, other, patience)) != 1 {
		t.Fatalf("handle %v does not become readable", h)
	}
	must(t, other.Close())
}

// handles tells how many handles are open, or something that grows with it.
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
	// Wine does not count, but gives the lowest number that is free, a multiple of four.
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
		q := open(t)
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
	cycle() // what is opened once stays open
	before := handles(t)
	const queues = 100
	for range queues {
		cycle()
	}
	// Threads that the runtime starts meanwhile have handles, too.
	if after := handles(t); after > before+queues/2 {
		t.Errorf("%d handles before, %d after %d queues", before, after, queues)
	}
}

func TestAThousandSockets(t *testing.T) {
	const sockets = 1000
	q := open(t)
	peers := map[queue.Token]sys.Handle{}
	for i := range queue.Token(sockets) {
		a, b := pair(t)
		must(t, q.Add(a, queue.Registration{Token: i, Interest: queue.Readable, Mode: queue.OneShot}))
		peers[i] = b
	}
	if got, want := len(q.table.devices), (sockets+socketsPerDevice-1)/socketsPerDevice; got != want {
		t.Errorf("%d handles of the driver, want %d", got, want)
	}
	if n := len(wait(t, q, 0)); n != 0 {
		t.Errorf("%d events before anything was sent", n)
	}
	for _, b := range peers {
		send(t, b)
	}
	events := make([]queue.Event, 100)
	for len(peers) > 0 {
		n, err := q.Wait(events, patience)
		if n == 0 || err != nil {
			t.Fatalf("%d sockets are not reported; %v", len(peers), err)
		}
		for _, e := range events[:n] {
			if _, ok := peers[e.Token]; !ok {
				t.Errorf("token %d is reported twice", e.Token)
			}
			delete(peers, e.Token)
		}
	}
	if q.table.underWay != 0 {
		t.Errorf("%d polls are under way", q.table.underWay)
	}
}

func TestFilesAreNotPollableAndClosedHandlesNotOpen(t *testing.T) {
	q := open(t)
	a, _ := pair(t)
	must(t, sys.Close(a))
	r := queue.Registration{Interest: queue.Readable}
	for h, notPollable := range map[sys.Handle]bool{q.port: true, q.table.devices[0]: true, a: false, 1 << 28: false, sys.Invalid: false} {
		err := q.Add(h, r)
		if err == nil || errors.Is(err, queue.ErrNotPollable) != notPollable {
			t.Errorf("add handle %v: %v", h, err)
		}
		if !notPollable && !errors.Is(err, syscall.Errno(10038)) { // WSAENOTSOCK
			t.Errorf("add handle %v, which is not open: %v", h, err)
		}
	}
}

func TestUnknownWakerIsInvalid(t *testing.T) {
	if _, err := New(Options{Waker: "eventfd"}); !errors.Is(err, queue.ErrInvalid) {
		t.Errorf("got %v", err)
	}
	q, err := New(Options{Waker: "pqcs"})
	must(t, err)
	must(t, q.Close())
}
