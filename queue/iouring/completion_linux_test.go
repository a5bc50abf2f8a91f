package iouring

import (
	"errors"
	"os"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// eachRing runs f on a plain ring and on one with a single waiter, with the test's goroutine locked
// to its thread.
func eachRing(t *testing.T, submissions, completions uint32, f func(t *testing.T, q *instance)) {
	t.Helper()
	for name, o := range map[string]Options{"plain": {}, "single": {SingleWaiter: true}} {
		t.Run(name, func(t *testing.T) {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			q := opened(t, o, submissions, completions)
			if q == nil || !q.Features().Completions {
				return
			}
			f(t, q)
		})
	}
}

func submit(t testing.TB, q *instance, op queue.Op) queue.OpID {
	t.Helper()
	id, err := q.Submit(&op)
	must(t, err)
	return id
}

// completed waits for the next event, which must be a completion of token.
func completed(t testing.TB, q *instance, token queue.Token) queue.Event {
	t.Helper()
	events := make([]queue.Event, 1) // the rest stays in the ring
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		n, err := q.Wait(events, time.Until(deadline))
		must(t, err)
		if n == 0 {
			continue
		}
		if e := events[0]; e.Token == token && e.Completion&queue.Completed != 0 {
			return e
		}
		if events[0].Completion == 0 || events[0].Result < 0 {
			t.Fatalf("got %+v, want a completion of token %d", events[0], token)
		}
	}
	t.Fatalf("no completion of token %d", token)
	return queue.Event{}
}

// wantResult fails the test unless e is terminal and has this result.
func wantResult(t testing.TB, e queue.Event, want int32) {
	t.Helper()
	if !e.Terminal() || e.Result != want {
		t.Errorf("got completion %+v, want the terminal one with result %d", e, want)
	}
}

func listener(t testing.TB) (h sys.Handle, peer func() sys.Handle) {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	must(t, err)
	t.Cleanup(func() { syscall.Close(fd) })
	must(t, syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	must(t, syscall.Listen(fd, 64))
	sa, err := syscall.Getsockname(fd)
	must(t, err)
	return sys.Handle(fd), func() sys.Handle {
		c, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
		must(t, err)
		t.Cleanup(func() { syscall.Close(c) })
		must(t, syscall.Connect(c, sa))
		return sys.Handle(c)
	}
}

func TestReceivesOverflowATinyRing(t *testing.T) {
	eachRing(t, 4, 4, func(t *testing.T, q *instance) {
		const sources, rounds = 16, 20
		buffers, err := q.NewBuffers(64, 64)
		must(t, err)
		var peers [sources]sys.Handle
		for i := range peers {
			var h sys.Handle
			h, peers[i] = pair(t)
			submit(t, q, queue.Op{Token: queue.Token(i), Kind: queue.OpRecv, Handle: h, Buffers: buffers, Multi: true})
		}
		silent(t, q, "of receives without bytes")
		events := make([]queue.Event, 3)
		for range rounds {
			var got [sources]int
			for _, h := range peers {
				send(t, h)
			}
			for total := 0; total < sources; {
				n, err := q.Wait(events, patience)
				must(t, err)
				if n == 0 {
					t.Fatalf("got %v", got)
				}
				for _, e := range events[:n] {
					if e.Result != 1 || e.Completion != queue.Completed|queue.More|queue.Provided {
						t.Fatalf("got %+v, want a byte and More", e)
					}
					got[e.Token]++
					total++
					buffers.Return(e.Buffer)
				}
			}
		}
		if buffers.Lent() != 0 {
			t.Errorf("%d buffers lent, want 0", buffers.Lent())
		}
		if err := buffers.Close(); !errors.Is(err, queue.ErrBusy) {
			t.Errorf("Close of Buffers in use: got %v, want ErrBusy", err)
		}
	})
}

func TestWithoutBuffersAReceiveEnds(t *testing.T) {
	eachRing(t, 4, 16, func(t *testing.T, q *instance) {
		buffers, err := q.NewBuffers(1, 4)
		must(t, err)
		a, b := pair(t)
		op := queue.Op{Token: 1, Kind: queue.OpRecv, Handle: a, Buffers: buffers, Multi: true}
		submit(t, q, op)
		_, err = sys.Send(b, []byte("123456"))
		must(t, err)
		e := completed(t, q, 1)
		if e.Result != 4 || e.Completion != queue.Completed|queue.More|queue.Provided || string(buffers.Bytes(e.Buffer)) != "1234" {
			t.Errorf("got %+v, want 4 bytes and More", e)
		}
		wantResult(t, completed(t, q, 1), queue.ResultNoBuffers)
		buffers.Return(e.Buffer)
		submit(t, q, op)
		if e = completed(t, q, 1); e.Result != 2 || string(buffers.Bytes(e.Buffer)[:2]) != "56" {
			t.Errorf("got %+v, want 2 bytes", e)
		}
		buffers.Return(e.Buffer)
		must(t, sys.Shutdown(b, sys.ShutWriting))
		wantResult(t, completed(t, q, 1), 0)
		must(t, buffers.Close())
		if q.single != (len(q.retired) == 1) {
			t.Errorf("%d rings are left for the next Wait", len(q.retired))
		}
		silent(t, q, "without operations")
		if len(q.retired) != 0 || q.groups[0] != nil {
			t.Error("the kernel still has the closed buffers")
		}
	})
}

func TestAPollForRoomIgnoresAHalfClose(t *testing.T) {
	eachRing(t, 4, 16, func(t *testing.T, q *instance) {
		a, b := pair(t)
		sent := fill(t, a)
		must(t, sys.Shutdown(b, sys.ShutWriting))
		submit(t, q, queue.Op{Token: 1, Kind: queue.OpPoll, Handle: a, Interest: queue.Writable})
		submit(t, q, queue.Op{Token: 2, Kind: queue.OpPoll, Handle: a, Interest: queue.Readable})
		wantResult(t, completed(t, q, 2), int32(queue.Ready(queue.Readable)|queue.ReadyPeerShut))
		silent(t, q, "of a full socket")
		if _, ok := q.ring.Peek(); ok {
			t.Error("the poll completes again and again")
		}
		empty(t, b, sent)
		e := completed(t, q, 1)
		if r := queue.Ready(e.Result); !e.Terminal() || r.Directions() != queue.Writable {
			t.Errorf("got %+v, want writable", e)
		}
		// The kernel has no reference to the file.
		must(t, sys.Shutdown(a, sys.ShutWriting))
		silent(t, q, "after the completion")
		if q.flight.Len()+q.inside != 0 {
			t.Errorf("%d operations in flight, %d in the kernel; want 0", q.flight.Len(), q.inside)
		}
	})
}

func TestALastingPollOfAFileThatWakesNobodyEnds(t *testing.T) {
	eachRing(t, 4, 16, func(t *testing.T, q *instance) {
		f, err := os.Open("/proc/sys/kernel/pid_max")
		must(t, err)
		defer f.Close()
		submit(t, q, queue.Op{Token: 1, Kind: queue.OpPoll, Handle: sys.Handle(f.Fd()), Interest: queue.Readable, Multi: true})
		if e := completed(t, q, 1); !e.Terminal() || queue.Ready(e.Result).Directions() != queue.Readable {
			t.Errorf("got %+v, want readable and no More", e)
		}
		silent(t, q, "after the completion")
	})
}

func TestAnOperationOutlivesTheThreadThatSubmittedIt(t *testing.T) {
	q := opened(t, Options{}, 4, 16)
	if q == nil || !q.Features().Completions {
		return
	}
	a, b := pair(t)
	l, dial := listener(t)
	data := make([]byte, 4)
	submit(t, q, queue.Op{Token: 1, Kind: queue.OpRecv, Handle: a, Data: data})
	submit(t, q, queue.Op{Token: 2, Kind: queue.OpAccept, Handle: l, Multi: true})
	submit(t, q, queue.Op{Token: 3, Kind: queue.OpTimeout, After: 20 * time.Millisecond})
	var thread sync.WaitGroup
	thread.Go(func() {
		runtime.LockOSThread() // never unlocked: the thread ends with its goroutine
		silent(t, q, "of operations that cannot complete")
	})
	thread.Wait()
	wantResult(t, completed(t, q, 3), 0)
	send(t, b)
	wantResult(t, completed(t, q, 1), 1)
	dial()
	e := completed(t, q, 2)
	if e.Terminal() || e.Result < 0 {
		t.Fatalf("got %+v, want an accepted handle", e)
	}
	must(t, sys.Close(sys.Handle(e.Result)))
}

// TestLostCompletionsAreReported starts over as if the kernel had dropped completions.
func TestLostCompletionsAreReported(t *testing.T) {
	eachRing(t, 4, 16, func(t *testing.T, q *instance) {
		a, b := pair(t)
		data := make([]byte, 4)
		submit(t, q, queue.Op{Token: 1, Kind: queue.OpRecv, Handle: a, Data: data})
		silent(t, q, "of a receive without bytes")
		q.issue()
		id, s := q.put(&queue.Op{Token: 2, Kind: queue.OpRecv, Handle: a, Data: data})
		s.Extra.state |= entered // its completion was lost
		q.inside++
		must(t, q.startOver())
		q.unissue()
		wantResult(t, completed(t, q, 2), -int32(syscall.EBADR))
		if err := q.Cancel(id); !errors.Is(err, queue.ErrNotFound) {
			t.Errorf("Cancel: got %v, want ErrNotFound", err)
		}
		send(t, b)
		wantResult(t, completed(t, q, 1), 1)
	})
}

// TestTheHandleShowsCompletions nests a ring with operations.
func TestTheHandleShowsCompletions(t *testing.T) {
	inner, outer := opened(t, Options{}, 4, 16), opened(t, Options{}, 4, 16)
	if inner == nil || outer == nil || !inner.Features().Completions {
		return
	}
	must(t, outer.Add(inner.Handle(), queue.Registration{Token: 7, Interest: queue.Readable}))
	a, b := pair(t)
	submit(t, inner, queue.Op{Token: 1, Kind: queue.OpRecv, Handle: a, Data: make([]byte, 4)})
	quiet(t, outer, inner)
	send(t, b)
	expect(t, outer, 7)
	wantResult(t, completed(t, inner, 1), 1)
	quiet(t, outer, inner)
	ids := make([]queue.OpID, 3)
	op := queue.Op{Token: 2, Kind: queue.OpRecv, Handle: a, Data: make([]byte, 4)}
	must(t, inner.SubmitChain([]queue.Op{op, op, op}, ids))
	quiet(t, outer, inner)
	must(t, inner.Cancel(ids[1])) // needs no kernel
	for range 2 {
		expect(t, outer, 7)
		wantResult(t, completed(t, inner, 2), queue.ResultCanceled)
	}
	quiet(t, outer, inner)
	must(t, inner.Cancel(ids[0]))
	expect(t, outer, 7)
	wantResult(t, completed(t, inner, 2), queue.ResultCanceled)
	quiet(t, outer, inner)
}

// The kernel gets few buffers at first, and more when more are needed: a receive fails for lack of
// buffers only when all are lent.
func TestTheKernelGetsMoreBuffersWhenItFindsNone(t *testing.T) {
	eachRing(t, 8, 16, func(t *testing.T, q *instance) {
		const count = 8 * offeredFirst
		b, err := q.NewBuffers(count, 8)
		must(t, err)
		buffers := b.(*buffers)
		if buffers.offered != offeredFirst {
			t.Errorf("the kernel got %d buffers at first, want %d", buffers.offered, offeredFirst)
		}
		h, peer := pair(t)
		id := submit(t, q, queue.Op{Token: 1, Kind: queue.OpRecv, Handle: h, Buffers: b, Multi: true})
		for i := range count {
			send(t, peer)
			if e := completed(t, q, 1); e.Result != 1 || e.Terminal() {
				t.Fatalf("with %d buffers lent: got %+v, want a byte and More", i, e)
			}
		}
		send(t, peer)
		if e := completed(t, q, 1); e.Result != queue.ResultNoBuffers || !e.Terminal() {
			t.Fatalf("with all buffers lent: got %+v, want ErrNoBuffers", e)
		}
		if err := q.Cancel(id); !errors.Is(err, queue.ErrNotFound) {
			t.Errorf("Cancel after ErrNoBuffers: got %v, want ErrNotFound", err)
		}
		for i := range count {
			buffers.Return(uint16(i))
		}
	})
}

// A burst makes as many buffers resident as it fills.
func TestTheKernelGetsAsManyBuffersAsABurstNeeds(t *testing.T) {
	eachRing(t, 64, 64, func(t *testing.T, q *instance) {
		const burst = offeredFirst + 5
		b, err := q.NewBuffers(8*offeredFirst, 8)
		must(t, err)
		buffers := b.(*buffers)
		for range burst {
			h, peer := pair(t)
			submit(t, q, queue.Op{Token: 1, Kind: queue.OpRecv, Handle: h, Buffers: b, Multi: true})
			send(t, peer)
		}
		for range burst {
			if e := completed(t, q, 1); e.Result != 1 || e.Terminal() {
				t.Fatalf("got %+v, want a byte and More", e)
			}
		}
		if n := buffers.offered; n < burst || n > 2*offeredFirst {
			t.Errorf("the kernel got %d buffers, want at least %d and at most %d", n, burst, 2*offeredFirst)
		}
		for i := range burst {
			buffers.Return(uint16(i))
		}
	})
	if offeredFirst<<(emptyMax-1) < queue.MaxBuffers {
		t.Errorf("a receive gives up before the kernel has all of %d buffers", queue.MaxBuffers)
	}
}
