package epoll

import (
	"errors"
	"sync"
	"testing"
	"unsafe"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
	"github.com/edgewise-go/edgewise/sys/waker"
	"github.com/stretchr/testify/require"
)

func opened(t testing.TB, o Options) *instance {
	t.Helper()
	q, err := open(o)
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

func TestAnEventTakenBeforeModifyOrDeleteIsDropped(t *testing.T) {
	q := opened(t, Options{})
	a, _ := pair(t)
	r := queue.Registration{Token: 1, Interest: queue.Writable, Mode: queue.OneShot}
	require.NoError(t, q.Add(a, r))
	events := make([]queue.Event, 4)
	for name, change := range map[string]func() error{
		"modify": func() error { return q.Modify(a, r) },
		"delete": func() error { return errors.Join(q.Delete(a), q.Add(a, r)) },
	} {
		raw := rawEvents(events)
		n, err := sys.EpollWait(q.ep, raw, 0)
		if n != 1 || err != nil {
			t.Fatalf("%s: EpollWait took %d, %v; want 1 event", name, n, err)
		}
		require.NoError(t, change())
		if n, _, err := q.deliver(events, raw[:n]); n != 0 || err != nil {
			t.Errorf("%s: deliver returned %d, %v; want no event of the old registration", name, n, err)
		}
	}
	if n, err := q.Wait(events, 0); n != 1 || err != nil || events[0].Disarmed != queue.Writable {
		t.Errorf("Wait: got %d, %v, %+v; want the event of the last registration", n, err, events[0])
	}
}

func TestTheTableIsBoundedByOpenHandles(t *testing.T) {
	q := opened(t, Options{})
	for _, h := range []sys.Handle{sys.Invalid, 1 << 30, 1 << 20} {
		if err := q.Add(h, queue.Registration{Interest: queue.Both}); err == nil {
			t.Errorf("Add(%v) succeeded, want an error: the handle is not open", h)
		}
	}
	if n := q.table.Len(); n != 0 {
		t.Errorf("got %d slots, want 0 without registrations", n)
	}
}

func TestWakersWakeManyWaitersAndClose(t *testing.T) {
	for _, kind := range []string{"eventfd", "pipe"} {
		q := opened(t, Options{Waker: kind})
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				events := make([]queue.Event, 4)
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
		for range 1000 {
			if err := q.Wake(); err != nil {
				t.Error(err)
			}
		}
		if err := q.Close(); err != nil {
			t.Error(err)
		}
		wg.Wait()
	}
}

func TestAWakerThatFailsLosesNoEvent(t *testing.T) {
	q := opened(t, Options{})
	a, _ := pair(t)
	require.NoError(t, q.Add(a, queue.Registration{Token: 1, Interest: queue.Writable}))
	broken, err := waker.Open(waker.Pipe)
	require.NoError(t, err)
	intact := q.waker
	q.waker = broken
	defer func() { q.waker = intact }()
	require.NoError(t, broken.Close())
	raw := make([]queue.Event, 2)
	// deliver delivers the wake-up and, if with is true, the event of a.
	deliver := func(with bool) (int, error) {
		events := rawEvents(raw)
		events[0] = sys.EpollEvent{Events: sys.EpollIn, Fd: -1, Pad: -1}
		events[1] = sys.EpollEvent{Events: sys.EpollOut, Fd: int32(a)}
		if !with {
			events = events[:1]
		}
		n, _, err := q.deliver(raw, events)
		return n, err
	}
	if n, err := deliver(true); n != 1 || err != nil {
		t.Errorf("with an event: got %d, %v; want 1, nil", n, err)
	}
	if n, err := q.Wait(raw, 0); n != 1 || err != nil || raw[0].Token != 1 {
		t.Errorf("next Wait: got %d, %v; want the event of the handle, nil", n, err)
	}
	if n, err := deliver(false); n != 0 || err == nil {
		t.Errorf("without an event: got %d, %v; want 0 and the error", n, err)
	}
}

func TestASlotTakesWhatThePackageSays(t *testing.T) {
	if got := unsafe.Sizeof(slot{}); got > 16 {
		t.Errorf("a slot takes %d bytes, want at most 16 as documented", got)
	}
}
