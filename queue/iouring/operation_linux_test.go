package iouring

import (
	"errors"
	"net/netip"
	"reflect"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

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

// TestAChainOnAPipeKeepsItsOrder uses a handle that the kernel refuses at first, and ends its own
// chain for that.
func TestAChainOnAPipeKeepsItsOrder(t *testing.T) {
	eachRing(t, 16, 16, func(t *testing.T, q *instance) {
		r, w, err := sys.Pipe()
		must(t, err)
		defer sys.Close(r)
		var ops []queue.Op
		for i := range 4 {
			ops = append(ops, queue.Op{Token: queue.Token(i), Kind: queue.OpSend, Handle: w, Data: []byte{byte(i), 1}})
		}
		ops = append(ops, queue.Op{Token: 4, Kind: queue.OpClose, Handle: w})
		must(t, q.SubmitChain(ops, make([]queue.OpID, len(ops))))
		results(t, q, []int32{2, 2, 2, 2, 0})
		got := make([]byte, 16)
		n, err := sys.Read(r, got)
		if string(got[:n]) != "\x00\x01\x01\x01\x02\x01\x03\x01" || err != nil {
			t.Errorf("Read: got % x, %v", got[:n], err)
		}
		if n, err := sys.Read(r, got); n != 0 || err != nil {
			t.Errorf("Read after the chain: got %d, %v; want the end", n, err)
		}
	})
}

func TestOperationsAllocateNothing(t *testing.T) {
	eachRing(t, 64, 128, func(t *testing.T, q *instance) {
		a, b := pair(t)
		buffers, err := q.NewBuffers(8, 64)
		must(t, err)
		in, out := make([]byte, 8), []byte("12345678")
		events := make([]queue.Event, 4)
		multi := submit(t, q, queue.Op{Token: 9, Kind: queue.OpRecv, Handle: b, Buffers: buffers, Multi: true})
		_, err = q.Wait(events, 0)
		must(t, err)
		round := func() {
			for _, op := range [...]queue.Op{
				{Token: 1, Kind: queue.OpRecv, Handle: a, Data: in}, {Token: 2, Kind: queue.OpSend, Handle: b, Data: out},
				{Token: 3, Kind: queue.OpSend, Handle: a, Data: out}, {Token: 4, Kind: queue.OpPoll, Handle: a, Interest: queue.Writable},
				{Token: 5, Kind: queue.OpTimeout},
			} {
				if _, err := q.Submit(&op); err != nil {
					t.Error(err)
				}
			}
			for missing := 6; missing > 0; {
				n, err := q.Wait(events, patience)
				if n == 0 || err != nil {
					t.Errorf("%d completions are missing: %v", missing, err)
					return
				}
				for _, e := range events[:n] {
					if e.Completion&queue.Provided != 0 {
						buffers.Return(e.Buffer)
					}
					if e.Result < 0 {
						t.Errorf("got %+v", e)
					}
				}
				missing -= n
			}
		}
		for range 10 {
			round()
		}
		if got := testing.AllocsPerRun(100, round); got > 0 {
			t.Errorf("got %v allocations per round, want 0", got)
		}
		before := q.entries
		const rounds = 100
		for range rounds {
			round()
		}
		// A round has at least one blocking Wait. Each Wait enters the kernel at most once, and no
		// Submit does.
		if got := q.entries - before; got > 6*rounds {
			t.Errorf("entered the kernel %d times for %d operations, want at most one per completion", got, 5*rounds)
		}
		must(t, q.Cancel(multi))
		wantResult(t, completed(t, q, 9), queue.ResultCanceled)
	})
}

func loopback(port uint16) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), port)
}

// An idle connection costs the record of its receive.
func TestARecordIsSmall(t *testing.T) {
	if n := unsafe.Sizeof(record{}); n > 24 {
		t.Errorf("got %d bytes, want at most 24", n)
	}
	if p := reflect.TypeFor[record](); hasPointers(p) {
		t.Errorf("%v has pointers, which the garbage collector would scan", p)
	}
}

func hasPointers(t reflect.Type) bool {
	if t.Kind() == reflect.Struct {
		for i := range t.NumField() {
			if hasPointers(t.Field(i).Type) {
				return true
			}
		}
		return false
	}
	return t.Kind() > reflect.Complex128
}
