package iouring

import (
	"errors"
	"os"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/epoll"
	"github.com/edgewise-go/edgewise/sys"
	"github.com/stretchr/testify/require"
)

// patience is how long a test waits for an event that is due.
const patience = time.Minute

// opened returns nil if the system has no io_uring, for instance in an emulator.
func opened(t testing.TB, o Options, submissions, completions uint32) *instance {
	t.Helper()
	q, err := open(o, submissions, completions)
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, queue.ErrUnavailable) {
		t.Logf("io_uring is not available: %v", err)
		return nil
	}
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

func must(t testing.TB, err error) {
	t.Helper()
	require.NoError(t, err)
}

func send(t testing.TB, h sys.Handle) {
	t.Helper()
	if n, err := sys.Send(h, []byte("x")); n != 1 || err != nil {
		t.Fatalf("Send: got %d, %v; want 1, nil", n, err)
	}
}

// fill sends until the send would block, and returns the number of bytes sent.
func fill(t testing.TB, h sys.Handle) (total int) {
	t.Helper()
	for p := make([]byte, 1<<16); ; {
		n, err := sys.Send(h, p)
		if err == sys.ErrWouldBlock {
			return total
		}
		must(t, err)
		total += n
	}
}

// empty receives n bytes.
func empty(t testing.TB, h sys.Handle, n int) {
	t.Helper()
	for p := make([]byte, 1<<16); n > 0; {
		got, err := sys.Recv(h, p)
		must(t, err)
		n -= got
	}
}

// expect waits for an event of token.
func expect(t testing.TB, q queue.Queue, token queue.Token) queue.Event {
	t.Helper()
	events := make([]queue.Event, 16)
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		n, err := q.Wait(events, time.Until(deadline))
		must(t, err)
		for _, e := range events[:n] {
			if e.Token == token {
				return e
			}
		}
	}
	t.Fatalf("token %d was not reported", token)
	return queue.Event{}
}

// silent fails the test if q reports an event.
func silent(t testing.TB, q queue.Queue, why string) {
	t.Helper()
	events := make([]queue.Event, 16)
	must(t, q.Wake())
	for _, timeout := range []time.Duration{-1, 0} {
		if n, err := q.Wait(events, timeout); n != 0 || err != nil {
			t.Errorf("Wait: got %d events %s: %+v, %v; want none", n, why, events[:n], err)
		}
	}
}

func TestAPeerSeesTheEndAfterDeleteAndAfterClose(t *testing.T) {
	for _, mode := range []queue.Mode{queue.Level, queue.Edge, queue.OneShot} {
		for name, end := range map[string]func(q *instance, h sys.Handle) error{
			"delete": func(q *instance, h sys.Handle) error { return q.Delete(h) },
			"modify and delete": func(q *instance, h sys.Handle) error {
				return errors.Join(q.Modify(h, queue.Registration{Interest: queue.Both}), q.Delete(h))
			},
			"delete elsewhere": func(q *instance, h sys.Handle) (err error) {
				var thread sync.WaitGroup
				thread.Go(func() {
					runtime.LockOSThread()
					err = q.Delete(h)
				})
				thread.Wait()
				return err
			},
			"close": func(q *instance, h sys.Handle) error { return q.Close() },
		} {
			q := opened(t, Options{}, 4, 8)
			if q == nil {
				return
			}
			a, b, err := sys.SocketPair()
			must(t, err)
			must(t, q.Add(a, queue.Registration{Token: 1, Interest: queue.Readable, Mode: mode}))
			silent(t, q, "of a handle that is not ready")
			must(t, end(q, a))
			must(t, sys.Close(a))
			fds := []sys.PollFD{{Fd: int32(b), Events: sys.PollIn}}
			for n, err := sys.Poll(fds, patience); n != 1; n, err = sys.Poll(fds, patience) {
				if err != syscall.EINTR {
					t.Fatalf("%v, %s: the peer sees no end of the stream: Poll returned %d, %v", mode, name, n, err)
				}
			}
			if n, err := sys.Recv(b, make([]byte, 1)); n != 0 || err != nil {
				t.Errorf("%v, %s: Recv: got %d, %v; want 0, nil", mode, name, n, err)
			}
			must(t, sys.Close(b))
		}
	}
}

func TestOneOfTwoRingsIsWokenForAnExclusiveHandle(t *testing.T) {
	for _, mode := range []queue.Mode{queue.Level, queue.Edge, queue.OneShot} {
		for _, isExclusive := range []bool{true, false} {
			a, b := pair(t)
			var qs [2]*instance
			for i := range qs {
				if qs[i] = opened(t, Options{}, 4, 8); qs[i] == nil {
					return
				}
				must(t, qs[i].Add(a, queue.Registration{Token: 1, Interest: queue.Readable, Mode: mode, Exclusive: isExclusive}))
				silent(t, qs[i], "of a handle that is not ready")
			}
			send(t, b)
			var told [2]bool
			want := map[bool]int{true: 1, false: 2}[isExclusive]
			round := func() (n int) {
				for i, q := range qs {
					n, err := q.Wait(make([]queue.Event, 1), 0)
					must(t, err)
					told[i] = told[i] || n > 0
				}
				for _, reported := range told {
					if reported {
						n++
					}
				}
				return n
			}
			// The queues do not learn of the byte at the same time.
			for deadline := time.Now().Add(patience); round() < want && time.Now().Before(deadline); {
			}
			if n := round(); n != want {
				t.Errorf("%v, exclusive %v: %d queues reported a byte, want %d", mode, isExclusive, n, want)
			}
		}
	}
}

func TestTheRingIsReadableWhileAWaitWouldReturn(t *testing.T) {
	for _, kind := range []string{"nop", "eventfd", "pipe"} {
		inner, second := opened(t, Options{Waker: kind}, 4, 64), opened(t, Options{}, 4, 64)
		if inner == nil || second == nil {
			return
		}
		outerEpoll, err := epoll.New(epoll.Options{})
		must(t, err)
		defer outerEpoll.Close()
		a, b := pair(t)
		must(t, inner.Add(a, queue.Registration{Token: 1, Interest: queue.Readable})) // not submitted yet
		must(t, inner.Wake())
		for _, outer := range []queue.Queue{outerEpoll, second} {
			must(t, outer.Add(inner.Handle(), queue.Registration{Token: 9, Interest: queue.Readable}))
			expect(t, outer, 9)
			quiet(t, outer, inner)
			send(t, b)
			for range 3 { // the byte stays unread, and no Wait of the inner queue is running
				expect(t, outer, 9)
				if n, err := inner.Wait(make([]queue.Event, 1), 0); n != 1 || err != nil {
					t.Errorf("%s: inner Wait: got %d, %v; want 1, nil", kind, n, err)
				}
			}
			empty(t, a, 1)
			quiet(t, outer, inner)
			must(t, inner.Wake())
			expect(t, outer, 9)
			quiet(t, outer, inner)
			must(t, inner.Modify(a, queue.Registration{Token: 1, Interest: queue.Both}))
			expect(t, outer, 9)
			expect(t, inner, 1)
			must(t, inner.Modify(a, queue.Registration{Token: 1, Interest: queue.Readable}))
			quiet(t, outer, inner)
			must(t, outer.Delete(inner.Handle()))
			must(t, inner.Wake())
		}
	}
}

// quiet takes the remaining events of inner, and fails the test if inner stays readable.
func quiet(t *testing.T, outer, inner queue.Queue) {
	t.Helper()
	events := make([]queue.Event, 1)
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		if _, err := inner.Wait(events, 0); err != nil {
			t.Fatal(err)
		}
		must(t, outer.Wake())
		if n, err := outer.Wait(events, -1); n == 0 {
			must(t, err)
			return
		}
	}
	t.Error("the inner queue stays readable without a ready handle")
}

func TestAChangeReachesAWaitInAnotherThread(t *testing.T) {
	for _, kind := range []string{"nop", "eventfd", "pipe"} {
		q := opened(t, Options{Waker: kind}, 4, 8)
		if q == nil {
			return
		}
		a, b := pair(t)
		r := queue.Registration{Token: 1, Interest: queue.Readable, Mode: queue.Edge}
		for i, change := range []func() error{
			func() error { return q.Add(a, r) },
			func() error { return q.Modify(a, r) },
			func() error { return errors.Join(q.Delete(a), q.Add(a, r)) },
		} {
			got := make(chan int, 1)
			go func() {
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
			must(t, change())
			send(t, b)
			select {
			case n := <-got:
				if n != 1 {
					t.Errorf("%s: change %d: got %d events, want 1", kind, i, n)
				}
			case <-time.After(patience):
				t.Fatalf("%s: Wait did not return after change %d", kind, i)
			}
			empty(t, a, 1)
		}
	}
}

func TestARingDoesNotPollItself(t *testing.T) {
	q := opened(t, Options{}, 4, 8)
	if q == nil {
		return
	}
	if err := q.Add(q.Handle(), queue.Registration{}); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("Add of a ring to itself: got error %v, want EINVAL", err)
	}
}

func TestTheTableIsBoundedByOpenHandles(t *testing.T) {
	q := opened(t, Options{}, 4, 8)
	if q == nil {
		return
	}
	for _, h := range []sys.Handle{sys.Invalid, wakeMark, cancelMark, 1 << 30, 1 << 20} {
		if err := q.Add(h, queue.Registration{Interest: queue.Both}); !errors.Is(err, syscall.EBADF) {
			t.Errorf("Add(%v): got error %v, want EBADF: the handle is not open", h, err)
		}
	}
	if q.table.Len() != 0 {
		t.Errorf("got %d slots, want 0 without registrations", q.table.Len())
	}
}

func TestAHandleClosedWithoutDeleteIsReportedOnce(t *testing.T) {
	q := opened(t, Options{}, 4, 8)
	if q == nil {
		return
	}
	for _, mode := range []queue.Mode{queue.Level, queue.Edge, queue.OneShot} {
		h, other, err := sys.SocketPair()
		must(t, err)
		must(t, q.Add(h, queue.Registration{Token: 1, Interest: queue.Readable, Mode: mode}))
		must(t, sys.Close(h))
		if e := expect(t, q, 1); !e.Ready.Ends() {
			t.Errorf("%v: got %+v, want an end or an error", mode, e)
		}
		silent(t, q, "of a handle that was closed")
		must(t, q.Delete(h))
		must(t, sys.Close(other))
	}
}

func TestCloseReleasesTheDescriptors(t *testing.T) {
	count := func() int {
		entries, err := os.ReadDir("/proc/self/fd")
		must(t, err)
		return len(entries)
	}
	before := count()
	for i, kind := range []string{"", "eventfd", "pipe", "bell", "", "eventfd", "pipe", "bell"} {
		for range 10 {
			q, err := New(Options{Waker: kind, SingleWaiter: i >= 4})
			switch {
			case errors.Is(err, errors.ErrUnsupported), errors.Is(err, queue.ErrUnavailable):
				return
			case kind == "bell":
				if !errors.Is(err, queue.ErrInvalid) {
					t.Errorf("New with an unknown waker: got error %v, want ErrInvalid", err)
				}
			case err != nil:
				t.Fatal(err)
			default:
				must(t, q.Close())
			}
		}
	}
	if after := count(); after != before {
		t.Errorf("%d handles before, %d after", before, after)
	}
}

func TestASlotTakesWhatThePackageSays(t *testing.T) {
	if got := unsafe.Sizeof(slot{}); got > 24 {
		t.Errorf("a slot takes %d bytes, want at most 24 as documented", got)
	}
}

// A handle whose registration has ended costs nothing, whether its poll began or not.
func TestAnEndedRegistrationKeepsNoSlot(t *testing.T) {
	eachRing(t, 8, 16, func(t *testing.T, q *instance) {
		a, b := pair(t)
		r := queue.Registration{Token: 1, Interest: queue.Readable, Mode: queue.Edge}
		must(t, q.Add(a, r))
		must(t, q.Delete(a))
		must(t, q.Add(b, r))
		silent(t, q, "of a registration that has ended")
		if n := q.table.Used(); n != 1 {
			t.Errorf("got %d slots in use, want that of the registration", n)
		}
		must(t, q.Delete(b))
		if n := q.table.Used(); n != 0 {
			t.Errorf("got %d slots in use without a registration, want 0", n)
		}
		must(t, q.Add(a, r))
		send(t, b)
		expect(t, q, 1)
	})
}
