package streamtest

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/stream/park"
	"github.com/edgewise-go/edgewise/sys"
)

// Mutants tell cases apart by these sizes: a read of more than a message, and a write of more than
// the kernel takes at once.
const (
	bigRead  = 1 << 10
	bigWrite = 1 << 20
)

// piece is how much a mutant writes per call.
const piece = 32 << 10

// reads changes the result of Read.
func reads(change func(b *brokenConn, p []byte, n int, err error) (int, error)) func(f *Fixture) {
	return conns(func(b *brokenConn) {
		b.read = func(p []byte) (int, error) {
			n, err := b.conn.Read(p)
			return change(b, p, n, err)
		}
	})
}

func transferMutants() []mutant {
	return []mutant{
		broken("a read loses its last byte", reads(func(_ *brokenConn, p []byte, n int, err error) (int, error) {
			return max(n-1, min(n, 1)), err
		}), "read/waits"),
		broken("a big read loses its last byte", reads(func(_ *brokenConn, p []byte, n int, err error) (int, error) {
			if n > bigRead {
				n--
			}
			return n, err
		}), "read/all"),
		broken("no room is the end", reads(func(_ *brokenConn, p []byte, n int, err error) (int, error) {
			if len(p) == 0 {
				err = io.EOF
			}
			return n, err
		}), "read/no-room"),
		broken("the halves of a big write change places", conns(func(b *brokenConn) {
			b.write = func(p []byte) (int, error) {
				if len(p) >= bigWrite {
					p = slices.Concat(p[len(p)/2:], p[:len(p)/2])
				}
				return b.conn.Write(p)
			}
		}), "write/partial"),
		broken("Writev does not consume", conns(func(b *brokenConn) {
			b.writev = func(v *net.Buffers) (int64, error) {
				copied := slices.Clone(*v)
				return b.conn.Writev(&copied)
			}
		}), "write/vectored"),
		broken("fewer bytes than room is short", conns(func(b *brokenConn) {
			var short atomic.Bool
			b.tryReadv = func(segs [][]byte) (int, error) {
				room := 0
				for _, s := range segs {
					room += len(s)
				}
				n, err := b.conn.TryReadv(segs)
				short.Store(err == nil && n < room)
				return n, err
			}
			b.drains = short.Load
		}), "read/short-cut"),
		broken("TryReadv ends unexpectedly", conns(func(b *brokenConn) {
			b.tryReadv = func(segs [][]byte) (int, error) {
				n, err := b.conn.TryReadv(segs)
				if err == io.EOF {
					err = io.ErrUnexpectedEOF
				}
				return n, err
			}
		}), "fill/conn"),
		broken("writes are made of pieces", conns(func(b *brokenConn) {
			var writers atomic.Int64
			second := make(chan struct{})
			b.write = func(p []byte) (int, error) {
				writer, written := writers.Add(1), 0
				for {
					n, err := b.conn.Write(p[written:min(written+piece, len(p))])
					written += n
					if err != nil || written == len(p) {
						return written, err
					}
					switch writer {
					case 1:
						// The piece of another writer comes in between.
						select {
						case <-second:
						case <-time.After(announced):
						}
						writer = 0
					case 2:
						close(second)
						writer = 0
					}
				}
			}
		}), "turn/whole"),
	}
}

func endMutants() []mutant {
	return []mutant{
		broken("CloseWrite closes all", conns(func(b *brokenConn) { b.closeWrite = func() error { return b.conn.Close() } }), "end/close-write"),
		broken("the peer's end closes all", reads(func(b *brokenConn, p []byte, n int, err error) (int, error) {
			if err == io.EOF {
				b.conn.Close()
			}
			return n, err
		}), "end/peer-close-write"),
		broken("CloseRead does nothing", conns(func(b *brokenConn) { b.closeRead = func() error { return nil } }), "end/close-read"),
		broken("the end comes with the data", reads(func(b *brokenConn, p []byte, n int, err error) (int, error) {
			if err != nil || n == len(p) {
				return n, err
			}
			more, err := b.conn.TryReadv([][]byte{p[n:]})
			if err != io.EOF {
				err = nil
			}
			return n + more, err
		}), "end/with-data"),
		broken("a reset is the end", reads(func(b *brokenConn, p []byte, n int, err error) (int, error) {
			if errors.Is(err, syscall.ECONNRESET) {
				err = io.EOF
			}
			return n, err
		}), "end/reset"),
		broken("a broken pipe is a closed connection", writes(func(n int, err error) (int, error) {
			if errors.Is(err, syscall.EPIPE) {
				err = &net.OpError{Op: "write", Net: "tcp", Err: net.ErrClosed}
			}
			return n, err
		}), "end/write-after-reset"),
	}
}

// writes changes the result of Write.
func writes(change func(n int, err error) (int, error)) func(f *Fixture) {
	return conns(func(b *brokenConn) {
		b.write = func(p []byte) (int, error) { return change(b.conn.Write(p)) }
	})
}

func deadlineMutants() []mutant {
	return []mutant{
		broken("a read tries before it looks at the deadline", conns(func(b *brokenConn) {
			b.read = func(p []byte) (int, error) {
				if n, err := b.conn.TryReadv([][]byte{p}); err != sys.ErrWouldBlock {
					return n, err
				}
				return b.conn.Read(p)
			}
		}), "deadline/past"),
		broken("a deadline that passed once stays", conns(func(b *brokenConn) {
			var late error
			b.read = func(p []byte) (int, error) {
				if late != nil {
					return 0, late
				}
				n, err := b.conn.Read(p)
				if e, ok := err.(net.Error); ok && e.Timeout() {
					late = err
				}
				return n, err
			}
		}), "deadline/passes"),
		broken("the write deadline is for both directions", conns(func(b *brokenConn) {
			b.setWriteDeadline = func(t time.Time) error { return b.conn.SetDeadline(t) }
		}), "deadline/future"),
		broken("a deadline set during a read is for the next", conns(func(b *brokenConn) {
			var reading atomic.Bool
			b.read = func(p []byte) (int, error) {
				reading.Store(true)
				defer reading.Store(false)
				return b.conn.Read(p)
			}
			b.setReadDeadline = func(t time.Time) error {
				if reading.Load() && t.IsZero() {
					return nil
				}
				return b.conn.SetReadDeadline(t)
			}
		}), "deadline/moved-out"),
		broken("WaitRead has no deadline", conns(func(b *brokenConn) {
			b.waitRead = func() error {
				err := b.conn.WaitRead()
				if e, ok := err.(net.Error); ok && e.Timeout() {
					return nil
				}
				return err
			}
		}), "deadline/try-and-wait"),
	}
}

func closeMutants() []mutant {
	return []mutant{
		broken("a read of a closed connection is the end", reads(func(_ *brokenConn, _ []byte, n int, err error) (int, error) {
			if errors.Is(err, net.ErrClosed) {
				err = io.EOF
			}
			return n, err
		}), "close/unblocks-read"),
		broken("a write that fails counts nothing", writes(func(n int, err error) (int, error) {
			if err != nil {
				n = 0
			}
			return n, err
		}), "close/unblocks-write"),
		broken("a write to a closed connection succeeds", writes(func(n int, err error) (int, error) {
			if errors.Is(err, net.ErrClosed) {
				err = nil
			}
			return n, err
		}), "close/racing"),
		broken("a second close succeeds", conns(func(b *brokenConn) {
			b.close = func() error {
				err := b.conn.Close()
				if errors.Is(err, net.ErrClosed) {
					return nil
				}
				return err
			}
		}), "close/twice"),
		broken("deadlines can be set after close", conns(func(b *brokenConn) {
			b.setDeadline = func(t time.Time) error {
				err := b.conn.SetDeadline(t)
				if errors.Is(err, net.ErrClosed) {
					return nil
				}
				return err
			}
		}), "close/afterwards"),
		broken("close resets", conns(func(b *brokenConn) {
			b.close = func() error {
				b.conn.(*stream.Conn).SetLinger(0)
				return b.conn.Close()
			}
		}), "close/sends-all"),
	}
}

func acceptMutants() []mutant {
	return []mutant{
		broken("an accepted connection has the peer's address", accepts(func(_ *brokenListener, c net.Conn, err error) (net.Conn, error) {
			if err != nil {
				return nil, err
			}
			return &brokenConn{conn: c.(conn), localAddr: c.RemoteAddr}, nil
		}), "accept/waits"),
		broken("connections behind the first are dropped", accepts(func(b *brokenListener, c net.Conn, err error) (net.Conn, error) {
			for {
				s, _, e := b.listener.TryAccept()
				if e != nil {
					return c, err
				}
				s.Close()
			}
		}), "accept/queued"),
		broken("accepted sockets block", listeners(func(b *brokenListener) {
			b.acceptSocket = func() (stream.Socket, netip.AddrPort, error) {
				s, addr, err := b.listener.AcceptSocket()
				if err == nil {
					err = unblock(s.Handle())
				}
				return s, addr, err
			}
		}), "accept/non-blocking"),
		broken("a reset in the queue ends the listener", accepts(func(b *brokenListener, c net.Conn, err error) (net.Conn, error) {
			if err != nil {
				return nil, err
			}
			if _, err := c.(conn).TryReadv([][]byte{make([]byte, 1)}); errors.Is(err, syscall.ECONNRESET) {
				b.listener.Close()
				c.Close()
				return nil, err
			}
			return c, nil
		}), "accept/reset-in-queue"),
		broken("a deadline ends the listener", accepts(func(b *brokenListener, c net.Conn, err error) (net.Conn, error) {
			if e, ok := err.(net.Error); ok && e.Timeout() {
				b.listener.Close()
			}
			return c, err
		}), "accept/deadline"),
		broken("a listener can be closed again", listeners(func(b *brokenListener) {
			b.close = func() error {
				err := b.listener.Close()
				if errors.Is(err, net.ErrClosed) {
					return nil
				}
				return err
			}
		}), "accept/close"),
		broken("exhaustion spins", counted(func(r *brokenSource) {
			r.wait = func(d sys.Direction, deadline time.Time) error {
				if d == sys.Writable { // a listener waits like this only to pause
					for range waitsMax {
						_ = r.Source.Wait(d, time.Unix(0, 0)) // ends at once
					}
				}
				return r.Source.Wait(d, deadline)
			}
		}), "accept/exhausted"),
		broken("exhaustion ends accepting", listeners(func(b *brokenListener) {
			b.accept = func() (net.Conn, error) {
				s, _, err := b.listener.TryAccept()
				if err == sys.ErrWouldBlock {
					return b.listener.Accept()
				}
				if err != nil {
					return nil, err
				}
				return stream.NewConn(s, park.Waiter{})
			}
		}), "share/each-operation"),
	}
}

// accepts changes the result of Accept.
func accepts(change func(b *brokenListener, c net.Conn, err error) (net.Conn, error)) func(f *Fixture) {
	return listeners(func(b *brokenListener) {
		b.accept = func() (net.Conn, error) {
			c, err := b.listener.Accept()
			return change(b, c, err)
		}
	})
}
