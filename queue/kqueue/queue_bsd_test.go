//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package kqueue

import (
	"errors"
	"testing"
	"time"
	"unsafe"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
	"github.com/stretchr/testify/require"
)

var modes = [...]queue.Mode{queue.Level, queue.Edge, queue.OneShot}

func opened(t *testing.T) *instance {
	t.Helper()
	q, err := open(Options{})
	require.NoError(t, err)
	t.Cleanup(func() {
		if err := q.Close(); err != nil {
			t.Error(err)
		}
	})
	return q
}

// writer returns the writing end of a pipe, and a function that closes the other end.
func writer(t *testing.T) (w sys.Handle, hangUp func()) {
	t.Helper()
	r, w, err := sys.Pipe()
	require.NoError(t, err)
	t.Cleanup(func() { sys.Close(w) })
	return w, func() {
		require.NoError(t, sys.Close(r))
	}
}

// expect waits for one event of a pipe whose reader is gone.
func expect(t *testing.T, q *instance, token queue.Token) {
	t.Helper()
	events := make([]queue.Event, 4)
	n, err := q.Wait(events, 10*time.Second)
	require.NoError(t, err)
	for _, e := range events[:n] {
		if e.Token == token && e.Ready.Directions().Has(queue.Writable) && e.Ready&queue.ReadyHangUp != 0 {
			return
		}
	}
	t.Errorf("Wait: got %+v, want token %d writable with ReadyHangUp", events[:n], token)
}

func silent(t *testing.T, q *instance, when string) {
	t.Helper()
	events := make([]queue.Event, 4)
	if n, err := q.Wait(events, 0); n != 0 || err != nil {
		t.Errorf("Wait %s: got %+v, %v, want no event", when, events[:n], err)
	}
}

// The systems refuse the filter for writing once the reader is gone.
func TestAWriterThatComesLateHearsOfTheEnd(t *testing.T) {
	for _, m := range modes {
		for _, i := range []queue.Interest{queue.Writable, queue.Both} {
			q := opened(t)
			w, hangUp := writer(t)
			hangUp()
			require.NoErrorf(t, q.Add(w, queue.Registration{Token: 1, Interest: i, Mode: m}), "%v, %v", m, i)
			expect(t, q, 1)
			if m == queue.Level {
				expect(t, q, 1)
			}
			require.NoErrorf(t, q.Modify(w, queue.Registration{Token: 2, Interest: i, Mode: m}), "%v, %v", m, i)
			expect(t, q, 2)
			require.NoError(t, q.Modify(w, queue.Registration{Token: 3, Mode: m}))
			silent(t, q, "without interest")
			require.NoError(t, q.Modify(w, queue.Registration{Token: 4, Interest: i, Mode: m}))
			require.NoError(t, q.Delete(w))
			silent(t, q, "after Delete")
		}
	}
}

// FreeBSD removes the filter when the reader closes.
func TestAWriterWhoseReaderClosesIsReportedAsLongAsItAsks(t *testing.T) {
	q := opened(t)
	w, hangUp := writer(t)
	require.NoError(t, q.Add(w, queue.Registration{Token: 1, Interest: queue.Writable}))
	hangUp()
	for range 5 {
		expect(t, q, 1)
	}
	require.NoError(t, q.Delete(w))
	silent(t, q, "after Delete")
}

func TestAWriterThatWasClosedWithoutDeleteIsSilent(t *testing.T) {
	q := opened(t)
	r, w, err := sys.Pipe()
	require.NoError(t, err)
	require.NoError(t, errors.Join(sys.Close(r), q.Add(w, queue.Registration{Token: 1, Interest: queue.Writable}), sys.Close(w)))
	silent(t, q, "after the handle was closed")
	silent(t, q, "after that")
	if err := q.Delete(w); err != nil {
		t.Error(err)
	}
}

func TestAQueueDoesNotWaitForItself(t *testing.T) {
	q := opened(t)
	if err := q.Add(q.Handle(), queue.Registration{Interest: queue.Readable}); err == nil {
		t.Error("Add of a queue to itself succeeded, want an error")
	}
}

func TestAnUnknownWakerIsRefused(t *testing.T) {
	if _, err := New(Options{Waker: "eventfd"}); !errors.Is(err, queue.ErrInvalid) {
		t.Errorf("New with an unknown waker: got error %v, want ErrInvalid", err)
	}
}

func TestASlotTakesWhatThePackageSays(t *testing.T) {
	if got := unsafe.Sizeof(slot{}); got > 24 {
		t.Errorf("a slot takes %d bytes, want at most 24 as documented", got)
	}
}

// A turn includes Modify, because that arms a one-shot direction again.
func TestATurnAllocatesNothing(t *testing.T) {
	for _, m := range modes {
		q := opened(t)
		a, b, err := sys.SocketPair()
		require.NoError(t, err)
		t.Cleanup(func() { _, _ = sys.Close(a), sys.Close(b) })
		r := queue.Registration{Token: 1, Interest: queue.Both, Mode: m}
		require.NoError(t, q.Add(a, r))
		events := make([]queue.Event, 4)
		turn := func() {
			if n, err := q.Wait(events, time.Second); n != 1 || err != nil {
				t.Fatalf("%v: Wait: got %d, %v, want one event", m, n, err)
			}
			require.NoError(t, errors.Join(q.WouldBlock(a, queue.Readable), q.Modify(a, r), q.Wake()))
		}
		turn()
		if got := testing.AllocsPerRun(100, turn); got != 0 {
			t.Errorf("%v: got %v allocations per turn, want 0", m, got)
		}
	}
}
