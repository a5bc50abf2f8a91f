package iouring

import (
	"errors"
	"net/netip"
	"runtime"
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

func TestOperationsOfAllKinds(t *testing.T) {
	eachRing(t, 8, 16, func(t *testing.T, q *instance) {
		a, b := pair(t)
		buf := make([]byte, 16)
		submit(t, q, queue.Op{Token: 1, Kind: queue.OpRecv, Handle: a, Data: buf})
		submit(t, q, queue.Op{Token: 2, Kind: queue.OpSend, Handle: b, Data: []byte("hello")})
		wantResult(t, completed(t, q, 1), 5)
		if string(buf[:5]) != "hello" {
			t.Errorf("got %q", buf[:5])
		}
		id := submit(t, q, queue.Op{Token: 3, Kind: queue.OpRecv, Handle: a, Vector: [][]byte{buf[:2], buf[2:]}})
		silent(t, q, "of a receive without bytes")
		must(t, q.Cancel(id))
		wantResult(t, completed(t, q, 3), queue.ResultCanceled)
		if err := q.Cancel(id); !errors.Is(err, queue.ErrNotFound) {
			t.Errorf("second Cancel: got %v, want ErrNotFound", err)
		}
		submit(t, q, queue.Op{Token: 4, Kind: queue.OpRecv, Handle: a, Vector: [][]byte{buf[:2], buf[2:]}})
		submit(t, q, queue.Op{Token: 5, Kind: queue.OpSend, Handle: b, Vector: [][]byte{[]byte("ab"), []byte("cd")}})
		wantResult(t, completed(t, q, 4), 4)

		l, dial := listener(t)
		id = submit(t, q, queue.Op{Token: 6, Kind: queue.OpAccept, Handle: l, Multi: true})
		for range 3 {
			dial()
			e := completed(t, q, 6)
			if e.Terminal() || e.Result < 0 {
				t.Fatalf("got %+v, want an accepted handle and More", e)
			}
			must(t, sys.Close(sys.Handle(e.Result)))
		}
		must(t, q.Cancel(id))
		wantResult(t, completed(t, q, 6), queue.ResultCanceled)

		begin := time.Now()
		submit(t, q, queue.Op{Token: 7, Kind: queue.OpTimeout, After: 2 * time.Millisecond})
		wantResult(t, completed(t, q, 7), 0)
		if took := time.Since(begin); took < 2*time.Millisecond {
			t.Errorf("OpTimeout took %v, want at least 2ms", took)
		}
		submit(t, q, queue.Op{Token: 8, Kind: queue.OpPoll, Handle: a, Interest: queue.Both})
		wantResult(t, completed(t, q, 8), int32(queue.Writable))

		name, err := syscall.Getsockname(int(l))
		must(t, err)
		port := uint16(name.(*syscall.SockaddrInet4).Port)
		fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
		must(t, err)
		submit(t, q, queue.Op{Token: 9, Kind: queue.OpConnect, Handle: sys.Handle(fd), Message: &sys.Message{Addr: loopback(port)}})
		wantResult(t, completed(t, q, 9), 0)
		submit(t, q, queue.Op{Token: 10, Kind: queue.OpSend, Handle: sys.Handle(fd), Data: make([]byte, 1000), ZeroCopy: true})
		wantResult(t, completed(t, q, 10), 1000)
		submit(t, q, queue.Op{Token: 11, Kind: queue.OpClose, Handle: sys.Handle(fd)})
		wantResult(t, completed(t, q, 11), 0)

		submit(t, q, queue.Op{Token: 12, Kind: queue.OpRecv, Handle: sys.Invalid, Data: buf})
		wantResult(t, completed(t, q, 12), -int32(syscall.EBADF))
		submit(t, q, queue.Op{Token: 13, Kind: queue.OpSend, Handle: b, Data: make([]byte, 1000), ZeroCopy: true}) // AF_UNIX has none
		wantResult(t, completed(t, q, 13), 1000)
	})
}

func TestDatagrams(t *testing.T) {
	eachRing(t, 8, 16, func(t *testing.T, q *instance) {
		var fds [2]int
		var ports [2]uint16
		for i := range fds {
			fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
			must(t, err)
			defer syscall.Close(fd)
			must(t, syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
			sa, err := syscall.Getsockname(fd)
			must(t, err)
			fds[i], ports[i] = fd, uint16(sa.(*syscall.SockaddrInet4).Port)
		}
		in, out := &sys.Message{Buffer: make([]byte, 4)}, &sys.Message{Buffer: []byte("abcdef"), Addr: loopback(ports[0])}
		submit(t, q, queue.Op{Token: 1, Kind: queue.OpRecvMessage, Handle: sys.Handle(fds[0]), Message: in})
		submit(t, q, queue.Op{Token: 2, Kind: queue.OpSendMessage, Handle: sys.Handle(fds[1]), Message: out})
		wantResult(t, completed(t, q, 1), 4)
		if string(in.Buffer) != "abcd" || !in.Truncated || in.Addr != loopback(ports[1]) || in.N != 4 {
			t.Errorf("got message %+v", in)
		}
	})
}

func TestAPipeTransfers(t *testing.T) {
	eachRing(t, 8, 16, func(t *testing.T, q *instance) {
		r, w, err := sys.Pipe()
		must(t, err)
		defer sys.Close(r)
		defer sys.Close(w)
		const total = 1 << 20 // more than a pipe holds
		out := make([]byte, total)
		for i := range out {
			out[i] = byte(i >> 3)
		}
		buffers, err := q.NewBuffers(4, 4096)
		must(t, err)
		submit(t, q, queue.Op{Token: 1, Kind: queue.OpRecv, Handle: r, Buffers: buffers, Multi: true})
		submit(t, q, queue.Op{Token: 2, Kind: queue.OpSend, Handle: w, Data: out})
		got, sent := 0, int32(0)
		events := make([]queue.Event, 3)
		for deadline := time.Now().Add(patience); got < total || sent == 0; {
			n, err := q.Wait(events, time.Until(deadline))
			must(t, err)
			for _, e := range events[:n] {
				switch {
				case e.Token == 2:
					wantResult(t, e, total)
					sent = e.Result
				case e.Err() != nil || e.Completion&queue.More == 0:
					t.Fatalf("got %+v, want bytes and More", e)
				default:
					for i, c := range buffers.Bytes(e.Buffer)[:e.Result] {
						if c != out[got+i] {
							t.Fatalf("byte %d: got %d, want %d", got+i, c, out[got+i])
						}
					}
					got += int(e.Result)
					buffers.Return(e.Buffer)
				}
			}
			if n == 0 {
				t.Fatalf("got %d of %d bytes", got, total)
			}
		}
	})
}

func TestAChainEndsWithItsFirstFailure(t *testing.T) {
	eachRing(t, 4, 16, func(t *testing.T, q *instance) {
		a, b := pair(t)
		ids := make([]queue.OpID, 8)
		ops := make([]queue.Op, 8)
		for i := range ops {
			ops[i] = queue.Op{Token: queue.Token(i), Kind: queue.OpSend, Handle: a, Data: []byte{byte(i), 1}}
		}
		must(t, q.SubmitChain(ops, ids))
		results(t, q, []int32{2, 2, 2, 2, 2, 2, 2, 2})
		got := make([]byte, 64)
		n, err := sys.Recv(b, got)
		must(t, err)
		for i := range n / 2 {
			if int(got[2*i]) != i {
				t.Errorf("sent in another order: % x", got[:n])
			}
		}
		// A short receive ends the chain.
		ops[2] = queue.Op{Token: 2, Kind: queue.OpRecv, Handle: a, Data: make([]byte, 4)}
		must(t, q.SubmitChain(ops, ids))
		silent(t, sendsOnly{q, t}, "after the sends")
		_, err = sys.Send(b, []byte("xy"))
		must(t, err)
		c := int32(queue.ResultCanceled)
		results(t, q, []int32{-1, -1, 2, c, c, c, c, c})
		// So does a cancellation, of an operation that has not begun.
		ops[2] = queue.Op{Token: 2, Kind: queue.OpTimeout, After: time.Hour}
		must(t, q.SubmitChain(ops, ids))
		silent(t, sendsOnly{q, t}, "after the sends")
		must(t, q.Cancel(ids[4]))
		must(t, q.Cancel(ids[2]))
		results(t, q, []int32{-1, -1, c, c, c, c, c, c})
		if q.flight.Len() != 0 || q.inside != 0 {
			t.Errorf("%d operations in flight, %d in the kernel; want 0, 0", q.flight.Len(), q.inside)
		}
	})
}

// sendsOnly drops the completions of tokens 0 and 1.
type sendsOnly struct {
	*instance
	t *testing.T
}

func (s sendsOnly) Wait(events []queue.Event, timeout time.Duration) (int, error) {
	n, err := s.instance.Wait(events, timeout)
	kept := 0
	for _, e := range events[:n] {
		if e.Token > 1 {
			events[kept] = e
			kept++
		} else {
			wantResult(s.t, e, 2)
		}
	}
	return kept, err
}

// results waits for a terminal completion of each token with the result wanted, except for -1.
func results(t *testing.T, q *instance, want []int32) {
	t.Helper()
	missing := map[queue.Token]bool{}
	for i, r := range want {
		if r != -1 {
			missing[queue.Token(i)] = true
		}
	}
	events := make([]queue.Event, 3)
	for deadline := time.Now().Add(patience); len(missing) > 0; {
		n, err := q.Wait(events, time.Until(deadline))
		must(t, err)
		if n == 0 {
			t.Fatalf("no completion of tokens %v", missing)
		}
		for _, e := range events[:n] {
			if !missing[e.Token] {
				t.Fatalf("got unexpected %+v", e)
			}
			delete(missing, e.Token)
			wantResult(t, e, want[e.Token])
		}
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
		if e = completed(t, q, 1); e.Result == queue.ResultNoBuffers { // the second try of the kernel came before Return
			submit(t, q, op)
		}
	})
}

func loopback(port uint16) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), port)
}
