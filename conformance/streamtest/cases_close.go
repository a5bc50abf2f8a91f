package streamtest

import (
	"bytes"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/edgewise-go/edgewise/sys"
)

func closeCases() []Case {
	return []Case{
		{
			ID: "close/unblocks-read", Doc: "stream.Conn.Close",
			Rule: "Close, from any goroutine, makes a running Read or WaitRead return net.ErrClosed.",
			Run: in(func(w *world) {
				for _, wait := range []bool{false, true} {
					c, _ := w.pair()
					n := w.waits(sys.Readable)
					p := call(w, "read", func() error {
						if !wait {
							_, err := c.Read(make([]byte, 1))
							return err
						}
						for {
							if err := c.WaitRead(); err != nil {
								return err
							}
							// WaitRead may return without a cause.
							if _, err := c.TryReadv([][]byte{make([]byte, 1)}); err != sys.ErrWouldBlock {
								return err
							}
						}
					})
					w.waiting(sys.Readable, n)
					w.check(c.Close(), "close")
					w.expectError(p.get(), net.ErrClosed, "read")
				}
			}),
		},
		{
			ID: "close/unblocks-write", Doc: "stream.Conn.Close",
			Rule:   "Close makes a running Write return net.ErrClosed and the number of bytes already taken. The peer gets a prefix of what was written.",
			Source: "a flush that continues into the next connection with the same number",
			Run: in(func(w *world) {
				c, peer := w.pair()
				w.small(c)
				data := w.random(bulk)
				n := w.waits(sys.Writable)
				p := w.write(c, data)
				w.waiting(sys.Writable, n)
				w.check(c.Close(), "close")
				got := p.get()
				w.expectError(got.err, net.ErrClosed, "write")
				arrived, err := io.ReadAll(w.from(peer))
				if err != nil || got.n != len(arrived) || got.n == len(data) || !bytes.Equal(arrived, data[:got.n]) {
					w.Errorf("%d bytes counted as written, %d arrived, or the bytes differ: %v", got.n, len(arrived), err)
				}
			}),
		},
		{
			ID: "close/twice", Doc: "stream.Conn.Close",
			Rule: "The first Close returns nil, however many run at once. Every other Close returns an error that matches net.ErrClosed.",
			Run: in(func(w *world) {
				c, _ := w.pair()
				const closers = 8
				errs := make(chan error, closers)
				var wg sync.WaitGroup
				for range closers {
					wg.Go(func() { errs <- c.Close() })
				}
				wg.Wait()
				close(errs)
				closed := 0
				for err := range errs {
					if err == nil {
						closed++
					} else {
						w.expectError(err, net.ErrClosed, "close")
					}
				}
				if closed != 1 {
					w.Errorf("%d of %d closes returned nil", closed, closers)
				}
				w.expectError(c.Close(), net.ErrClosed, "close")
			}),
		},
		{
			ID: "close/afterwards", Doc: "stream.Conn.Close",
			Rule: "After Close, all operations return net.ErrClosed, whatever the deadlines. The addresses remain available.",
			Run: in(func(w *world) {
				c, peer := w.pair()
				w.check(c.SetDeadline(time.Unix(1, 0)), "set deadline")
				w.check(c.Close(), "close")
				w.expectError(w.read(c, 1).get().err, net.ErrClosed, "read")
				w.expectError(w.read(c, 0).get().err, net.ErrClosed, "read")
				w.expectError(w.write(c, []byte("a")).get().err, net.ErrClosed, "write")
				w.expectError(call(w, "wait read", c.WaitRead).get(), net.ErrClosed, "read")
				w.expectError(c.SetDeadline(time.Time{}), net.ErrClosed, "set")
				w.expectError(c.CloseWrite(), net.ErrClosed, "close")
				if got, want := c.RemoteAddr().String(), peer.LocalAddr().String(); got != want {
					w.Errorf("remote address after Close: %v, want %v", got, want)
				}
				if got, want := c.LocalAddr().String(), peer.RemoteAddr().String(); got != want {
					w.Errorf("local address after Close: %v, want %v", got, want)
				}
				if n := w.spy.open.Load(); n != 0 {
					w.Errorf("%d registrations are still open", n)
				}
			}),
		},
		{
			ID: "close/sends-all", Doc: "stream.Conn.Close",
			Rule: "The bytes written before Close arrive, followed by the end of the stream.",
			Run: in(func(w *world) {
				c, peer := w.pair()
				data := w.random(half / 16)
				w.check(w.write(c, data).get().err, "write")
				w.check(c.Close(), "close")
				got, err := io.ReadAll(w.from(peer))
				if err != nil || !bytes.Equal(got, data) {
					w.Errorf("%d of %d bytes arrived, or they differ: %v", len(got), len(data), err)
				}
			}),
		},
		{
			ID: "close/racing", Doc: "stream.Conn",
			Rule:   "Close may race with reads, writes and deadlines. Each call returns a result, the end, a timeout or net.ErrClosed, and none hangs.",
			Source: "panics and hangs of calls that overlap with Close",
			Run: in(func(w *world) {
				for range 10 {
					c, _ := w.pair()
					w.small(c)
					n := w.waits(sys.Readable)
					reader := w.readAll(c)
					w.waiting(sys.Readable, n)
					w.check(c.SetDeadline(time.Now().Add(time.Hour)), "set deadline")
					writer := w.write(c, make([]byte, bulk))
					var wg sync.WaitGroup
					wg.Go(func() { c.SetDeadline(time.Now().Add(time.Millisecond)) })
					wg.Go(func() { c.Close() })
					wg.Wait()
					for _, r := range []result{reader.get(), writer.get()} {
						var e *net.OpError
						if !errors.As(r.err, &e) || !e.Timeout() && !errors.Is(r.err, net.ErrClosed) {
							w.Errorf("call that raced with Close: %v", r.err)
						}
					}
				}
			}),
		},
	}
}
