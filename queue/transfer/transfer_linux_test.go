package transfer_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/completion"
	"github.com/edgewise-go/edgewise/queue/epoll"
	"github.com/edgewise-go/edgewise/queue/iouring"
	"github.com/edgewise-go/edgewise/queue/transfer"
	"github.com/edgewise-go/edgewise/sys"
	"github.com/stretchr/testify/require"
)

// patience ends a hang.
const patience = 20 * time.Second

// mechanisms open the queues that the tests run on.
var mechanisms = map[string]func() (queue.Completer, error){
	"adapter": func() (queue.Completer, error) {
		q, err := epoll.New(epoll.Options{})
		if err != nil {
			return nil, err
		}
		return completion.New(q, completion.Options{})
	},
	"iouring": func() (queue.Completer, error) {
		q, err := iouring.New(iouring.Options{})
		if err != nil {
			return nil, err
		}
		c, ok := any(q).(queue.Completer)
		if !ok {
			return nil, errors.Join(errors.ErrUnsupported, q.Close())
		}
		return c, nil
	},
}

// rig is a queue with Transfers and one stream, and the other end of its socket.
type rig struct {
	t         *testing.T
	queue     queue.Completer
	transfers *transfer.Transfers
	stream    *transfer.Stream
	peer      sys.Handle
	events    [8]queue.Event
	ready     queue.Ready // reported since the last wait
}

const token = queue.Token(7)

// each runs test on every mechanism.
func each(t *testing.T, o transfer.Options, test func(*rig)) {
	for name, open := range mechanisms {
		t.Run(name, func(t *testing.T) {
			q, err := open()
			if errors.Is(err, queue.ErrUnavailable) || errors.Is(err, errors.ErrUnsupported) {
				t.Logf("not run: %v", err)
				return
			}
			require.NoError(t, err)
			r := &rig{t: t, queue: q}
			r.transfers, err = transfer.New(q, o)
			require.NoError(t, err)
			a, b := pair(t)
			r.stream, r.peer = r.transfers.Open(a, token), b
			t.Cleanup(func() {
				r.stream.Close()
				q.Close()
				r.transfers.End()
				if r.peer != sys.Invalid {
					sys.Close(r.peer)
				}
			})
			test(r)
		})
	}
}

// pair returns two connected TCP sockets that do not block.
func pair(t *testing.T) (a, b sys.Handle) {
	t.Helper()
	l, err := sys.Socket(sys.IPv4)
	require.NoError(t, err)
	defer sys.Close(l)
	require.NoError(t, sys.Bind(l, netip.MustParseAddrPort("127.0.0.1:0")))
	require.NoError(t, sys.Listen(l, 1))
	at, err := sys.LocalAddr(l)
	require.NoError(t, err)
	b, err = sys.Socket(sys.IPv4)
	require.NoError(t, err)
	if err := sys.Connect(b, at); err != nil {
		require.Equal(t, sys.ClassInProgress, sys.ClassOf(err))
	}
	fds := []sys.PollFD{{Fd: int32(l), Events: sys.PollIn}}
	_, err = sys.Poll(fds, patience)
	require.NoError(t, err)
	a, _, err = sys.Accept(l)
	require.NoError(t, err)
	return a, b
}

// turn flushes and waits for one batch of events.
func (r *rig) turn(timeout time.Duration) int {
	r.t.Helper()
	r.transfers.Flush()
	n, err := r.queue.Wait(r.events[:], timeout)
	if err != nil {
		r.t.Fatal(err)
	}
	r.transfers.Complete(r.events[:n])
	for i := range r.events[:n] {
		if e := &r.events[i]; !transfer.Owns(e) {
			if e.Token != token {
				r.t.Fatalf("got an event with token %v, want %v", e.Token, token)
			}
			r.ready |= e.Ready
		}
	}
	return n
}

// wait waits until a direction of i is reported.
func (r *rig) wait(i queue.Interest) {
	r.t.Helper()
	for end := time.Now().Add(patience); r.ready.Directions()&i == 0; {
		if time.Now().After(end) {
			r.t.Fatalf("no event for %v within %v", i, patience)
		}
		r.turn(time.Second)
	}
	r.ready = 0
}

// read reads n bytes, or until the end.
func (r *rig) read(n int) ([]byte, error) {
	r.t.Helper()
	var got []byte
	p := make([]byte, 1000)
	for len(got) < n {
		k, err := r.stream.TryRead(p[:min(len(p), n-len(got))])
		got = append(got, p[:k]...)
		if err == sys.ErrWouldBlock {
			r.wait(queue.Readable)
		} else if err != nil {
			return got, err
		}
	}
	return got, nil
}

// receive reads n bytes at the peer, or until the end, while the queue turns.
func (r *rig) receive(n int) []byte {
	r.t.Helper()
	var got []byte
	p := make([]byte, 64<<10)
	for end := time.Now().Add(patience); len(got) < n; {
		k, err := sys.Recv(r.peer, p[:min(len(p), n-len(got))])
		switch {
		case err == sys.ErrWouldBlock:
			if time.Now().After(end) {
				r.t.Fatalf("peer has %d of %d bytes after %v", len(got), n, patience)
			}
			r.turn(time.Millisecond)
		case err != nil:
			r.t.Fatalf("peer: after %d bytes: %v", len(got), err)
		case k == 0:
			return got
		}
		got = append(got, p[:k]...)
	}
	return got
}

func noise(n int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(r.Uint32())
	}
	return p
}

func TestBytesArriveInOrder(t *testing.T) {
	each(t, transfer.Options{Buffers: 4, BufferSize: 512, MaxHeld: 2}, func(r *rig) {
		want := noise(200_000)
		done := make(chan error, 1)
		go func() {
			for p := want; len(p) > 0; {
				n, err := sys.Send(r.peer, p)
				p = p[n:]
				if err == sys.ErrWouldBlock {
					_, err = sys.Poll([]sys.PollFD{{Fd: int32(r.peer), Events: sys.PollOut}}, patience)
				}
				if err != nil {
					done <- err
					return
				}
			}
			done <- sys.Shutdown(r.peer, sys.ShutWriting)
		}()
		got, err := r.read(len(want) + 1)
		require.Equal(t, io.EOF, err)
		require.NoError(t, <-done)
		require.True(t, bytes.Equal(want, got), "%d bytes came, changed", len(got))
		_, err = r.stream.TryRead(make([]byte, 1))
		require.Equal(t, io.EOF, err, "the end is permanent")
	})
}

func TestWritesArriveInOrder(t *testing.T) {
	for _, size := range []int{1, 100, 5_000, 1 << 20} {
		each(t, transfer.Options{}, func(r *rig) {
			want := noise(3 * size)
			var got []byte
			for p := want; len(p) > 0; {
				for part := p[:min(len(p), size)]; len(part) > 0; {
					n, err := r.stream.TryWrite(part)
					part, p = part[n:], p[n:]
					if err == sys.ErrWouldBlock {
						got = append(got, r.receive(min(64<<10, len(want)-len(p)-len(got)))...)
					} else {
						require.NoError(t, err)
					}
				}
			}
			got = append(got, r.receive(len(want)-len(got))...)
			require.True(t, bytes.Equal(want, got), "size %d: %d of %d bytes came, changed", size, len(got), len(want))
		})
	}
}

func TestAnIdleStreamHoldsNoBuffer(t *testing.T) {
	each(t, transfer.Options{}, func(r *rig) {
		for round := range 3 {
			_, err := r.stream.TryRead(make([]byte, 1))
			require.Equal(t, sys.ErrWouldBlock, err)
			_, err = sys.Send(r.peer, []byte("x"))
			require.NoError(t, err)
			r.wait(queue.Readable)
			require.Equal(t, 1, r.transfers.Held(), "round %d", round)
			_, err = r.read(1)
			require.NoError(t, err)
			require.Equal(t, 0, r.transfers.Held(), "round %d", round)
		}
	})
}

// fillUp writes until neither the kernel nor the stream takes more, and returns how many bytes they
// took.
func (r *rig) fillUp() int {
	r.t.Helper()
	taken := 0
	for _, piece := range [][]byte{noise(64 << 10), noise(1000)} { // past the stream, and copied by it
		for {
			n, err := r.stream.TryWrite(piece)
			taken += n
			if err == sys.ErrWouldBlock {
				break
			}
			require.NoError(r.t, err)
		}
	}
	return taken
}

// lingersNot wants all closed streams to end.
func (r *rig) lingersNot() {
	r.t.Helper()
	for end := time.Now().Add(patience); r.transfers.Lingering(); {
		require.True(r.t, time.Now().Before(end), "a closed stream lingers")
		r.turn(time.Second)
	}
}

// A peer that does not read holds up a closed stream until StopLingering, whether the stream closes
// before or after it, and whether its bytes are with the queue or not. The connection is reset.
func TestStopLingeringDropsWhatThePeerDoesNotTake(t *testing.T) {
	for _, sends := range []bool{false, true} {
		for _, closesFirst := range []bool{false, true} {
			each(t, transfer.Options{}, func(r *rig) {
				taken := r.fillUp()
				if sends {
					r.turn(0)
				}
				if closesFirst {
					r.stream.Close()
					r.turn(0)
					require.True(t, r.transfers.Lingering())
				}
				r.transfers.StopLingering()
				r.stream.Close()
				r.lingersNot()
				p, got := make([]byte, 64<<10), 0
				n, err := 1, error(nil)
				for n > 0 && err == nil {
					n, err = sys.Recv(r.peer, p)
					got += n
				}
				require.Equal(t, sys.ClassDisconnected, sys.ClassOf(err), "after %d of %d bytes: %v", got, taken, err)
				require.Less(t, got, taken)
			})
		}
	}
}

// What the kernel takes at once leaves, and the connection ends as usual.
func TestStopLingeringLosesNothingThatTheKernelTakes(t *testing.T) {
	for _, closesFirst := range []bool{false, true} {
		each(t, transfer.Options{}, func(r *rig) {
			if !closesFirst {
				r.transfers.StopLingering()
			}
			_, err := r.stream.TryWrite([]byte("last words"))
			require.NoError(t, err)
			r.stream.Close()
			r.transfers.StopLingering()
			r.lingersNot()
			require.Equal(t, "last words", string(r.receive(100)))
		})
	}
}

func TestAMessageAllocatesNothing(t *testing.T) {
	each(t, transfer.Options{}, func(r *rig) {
		t := r.t
		var at, back [64]byte
		echo := func() {
			if _, err := r.stream.TryRead(at[:]); err != sys.ErrWouldBlock {
				t.Fatalf("before the message: got %v, want ErrWouldBlock", err)
			}
			if _, err := sys.Send(r.peer, back[:]); err != nil {
				t.Fatal(err)
			}
			r.wait(queue.Readable)
			if n, err := r.stream.TryRead(at[:]); n != len(at) || err != nil {
				t.Fatalf("got %d bytes, %v; want the message", n, err)
			}
			if n, err := r.stream.TryWrite(at[:]); n != len(at) || err != nil {
				t.Fatalf("wrote %d bytes, %v; want the message", n, err)
			}
			for end := time.Now().Add(patience); ; {
				r.turn(time.Millisecond)
				n, err := sys.Recv(r.peer, back[:])
				if n == len(back) {
					return
				}
				if err != sys.ErrWouldBlock || time.Now().After(end) {
					t.Fatalf("got %d bytes, %v; want the reply", n, err)
				}
			}
		}
		require.Zero(t, testing.AllocsPerRun(50, echo))
	})
}

// A Stream of which a copy was closed finds that it is closed, even if its memory is used again.
func TestAClosedStreamIsNoOtherStream(t *testing.T) {
	each(t, transfer.Options{}, func(r *rig) {
		closed := *r.stream
		r.stream.Close()
		r.turn(0)
		require.False(t, r.transfers.Lingering())
		sys.Close(r.peer)
		a, b := pair(t)
		r.stream, r.peer = r.transfers.Open(a, token), b
		_, err := sys.Send(r.peer, []byte("x"))
		require.NoError(t, err)
		_, err = r.stream.TryRead(make([]byte, 0, 1))
		require.NoError(t, err)
		require.False(t, r.stream.Want(sys.Readable))
		r.wait(queue.Readable)

		_, err = closed.TryRead(make([]byte, 1))
		require.Equal(t, net.ErrClosed, err)
		_, err = closed.TryWrite([]byte("y"))
		require.Equal(t, net.ErrClosed, err)
		require.Equal(t, net.ErrClosed, closed.CloseWrite())
		require.True(t, closed.Sync())
		require.True(t, closed.Want(sys.Readable))
		require.True(t, closed.Stop())
		require.False(t, closed.Stopping() || closed.Unread() || closed.Drained() || closed.Release())
		closed.Close()

		require.True(t, r.stream.Unread())
		got, err := r.read(1)
		require.NoError(t, err)
		require.Equal(t, "x", string(got))
		_, err = r.stream.TryWrite([]byte("z"))
		require.NoError(t, err)
		require.Equal(t, "z", string(r.receive(1)))
	})
}
