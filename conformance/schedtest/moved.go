package schedtest

import (
	"bytes"
	"fmt"
	"io"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/sys"
)

// moved is a script whose bytes a Transfer moves, which its End closes.
type moved struct {
	*script
	sched.Transfer                   // set by the first step
	task           sched.HandlerTask // set by the first step
	started        sched.HandlerTask // the same, for the goroutine of the case
	released       bool              // the handle is not the Transfer's
}

// moves starts a handler for h that begins with a Transfer, and owns h.
func (r *Fixture) moves(t T, h sys.Handle, step func(m *moved, c sched.Cause) sched.Next) *moved {
	t.Helper()
	m := r.mover(t, h, step)
	m.started = r.handle(t, h, m.script)
	return m
}

// mover returns a handler that is not started.
func (r *Fixture) mover(t T, h sys.Handle, step func(m *moved, c sched.Cause) sched.Next) *moved {
	m := &moved{}
	m.script = newScript(func(task sched.HandlerTask, c sched.Cause) sched.Next {
		if c == sched.Started {
			m.task = task
			if m.Transfer = r.ops.transfer(task); m.Transfer == nil {
				t.Errorf("Transfer returned nil, although the target claims it")
				return sched.Done(errCase)
			}
		}
		return step(m, c)
	})
	m.end = func(error) {
		if m.Transfer != nil && !m.released {
			m.Transfer.Close()
			return
		}
		if err := sys.Close(h); err != nil {
			t.Errorf("close: %v", err)
		}
	}
	return m
}

// half opens two connected sockets. The case closes the second one at its end.
func (r *Fixture) half(t T) (own, peer sys.Handle) {
	t.Helper()
	own, peer, err := sys.SocketPair()
	if err != nil {
		t.Fatalf("socketpair: %v", err)
	}
	r.handles = append(r.handles, peer)
	return own, peer
}

// arrives receives from h on the goroutine of the case, until the end of the stream or as many
// bytes as want has, and compares them.
func (r *Fixture) arrives(t T, h sys.Handle, want []byte) {
	t.Helper()
	r.swaps(t, h, nil, want)
}

// swaps sends data to h and receives at the same time, and compares what it receives with want.
func (r *Fixture) swaps(t T, h sys.Handle, data, want []byte) {
	t.Helper()
	got, p := make([]byte, 0, len(want)), make([]byte, 16<<10)
	var failed error
	r.until(t, func() bool {
		for failed == nil {
			sent, serr := 0, sys.ErrWouldBlock
			if len(data) > 0 {
				if sent, serr = sys.Send(h, data); serr == nil {
					data = data[sent:]
				}
			}
			n, err := sys.Recv(h, p[:min(len(p), len(want)-len(got))])
			switch {
			case len(got) == len(want):
				return len(data) == 0
			case err == nil && n == 0:
				err = io.EOF
			case err == nil:
				got = append(got, p[:n]...)
			}
			switch {
			case err != nil && err != sys.ErrWouldBlock:
				failed = err
			case serr != nil && serr != sys.ErrWouldBlock:
				failed = serr
			case err != nil && serr != nil:
				return false
			}
		}
		return true
	}, fmt.Sprintf("%d bytes arrive, and those of the case leave", len(want)))
	if failed != nil || !bytes.Equal(got, want) {
		t.Fatalf("%d bytes arrived, %v, want %d; they are the first of those: %v", len(got), failed, len(want), bytes.HasPrefix(want, got))
	}
}

// over waits for the end of the stream of h, or a reset.
func (r *Fixture) over(t T, h sys.Handle) {
	t.Helper()
	p := make([]byte, 16<<10)
	r.until(t, func() bool {
		n, err := 1, error(nil)
		for n > 0 && err == nil {
			n, err = sys.Recv(h, p)
		}
		return err != sys.ErrWouldBlock
	}, "the stream of a peer ends")
}

// counting returns n bytes, none of which is at its place elsewhere nearby.
func counting(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i + i>>8*7)
	}
	return p
}

// echo returns a step that sends back what comes. It ends at the end of the stream.
func echo(t T) func(m *moved, c sched.Cause) sched.Next {
	room := make([]byte, 5<<10)
	var rest []byte
	return func(m *moved, c sched.Cause) sched.Next {
		if c != sched.Started && c != sched.Ready {
			t.Errorf("Step was called with %v", c)
		}
		for {
			n, err := m.TryWrite(rest)
			if rest = rest[n:]; err == sys.ErrWouldBlock {
				return sched.WaitFor(queue.Writable)
			}
			if err == nil && len(rest) == 0 {
				n, err = m.TryRead(room)
				rest = room[:n]
			}
			switch err {
			case nil:
			case sys.ErrWouldBlock:
				return sched.WaitFor(queue.Readable)
			case io.EOF:
				return sched.Done(m.CloseWrite())
			default:
				return sched.Done(err)
			}
		}
	}
}

// repeated returns the first n bytes of an endless sequence of data.
func repeated(data []byte, n int64) []byte {
	return bytes.Repeat(data, int(n)/len(data)+1)[:n]
}
