//go:build linux

package interrupt

import (
	"context"
	"crypto/sha256"
	"errors"
	"hash"
	"io"
	"net"
	"sync"
	"time"

	"github.com/edgewise-go/edgewise/bench/internal/strategy"
	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

// Names of tasks.
const (
	acceptTask = "accept"
	clientTask = "client"
	writeTask  = "write"
	echoTask   = "echo"
)

// work makes transfers until there are no more.
func (w *world) work(t *sched.Task) error {
	for i, ok := w.take(); ok; i, ok = w.take() {
		p := w.config.plan(i)
		w.ledger.tell(i, p.bytes, w.transfer(t, p))
	}
	return nil
}

func (w *world) transfer(t *sched.Task, p plan) error {
	dialer := stream.Dialer{Waiter: t.Loop().Waiter(), Timeout: patience}
	conn, err := dialer.Connect(context.Background(), w.target)
	if err != nil {
		return err
	}
	if err := w.prepare(conn); err != nil {
		return errors.Join(err, conn.Close())
	}
	// Of two errors the first counts: the other one results from ending the connection.
	var mu sync.Mutex // guards first; only this task uses it once it has joined the writer
	var first error
	fail := func(err error) {
		mu.Lock()
		defer mu.Unlock()
		if first == nil {
			first = err
			abort(conn)
		}
	}
	sent, received := sha256.New(), sha256.New()
	writer, err := t.Start(context.Background(), writeTask, func(*sched.Task) error {
		if err := write(conn, p, sent); err != nil {
			fail(err)
		}
		return nil
	})
	if err != nil {
		return errors.Join(err, conn.Close())
	}
	n, err := read(conn, p, received)
	if err != nil {
		fail(err)
	}
	if err := t.Join(writer); err != nil {
		fail(err)
	}
	if first != nil {
		return first
	}
	return errors.Join(compare(p, n, sent, received), conn.Close())
}

// prepare makes the settings that every connection of a client or server in coroutine form has.
func (w *world) prepare(conn *stream.Conn) error {
	if w.config.Kind == Tiny {
		if err := errors.Join(conn.SetReadBuffer(1), conn.SetWriteBuffer(1)); err != nil {
			return err
		}
	}
	return conn.SetDeadline(time.Now().Add(patience))
}

// abort resets the connection: an orderly end would indicate that everything was sent.
func abort(conn interface {
	SetLinger(int) error
	Close() error
}) {
	if conn.SetLinger(0) != nil {
		_ = conn.SetLinger(0) // the injection may have made the first call fail
	}
	_ = conn.Close()
}

func write(conn *stream.Conn, p plan, sum hash.Hash) error {
	chunk := make([]byte, min(p.chunk, max(1, p.bytes)))
	for left := p.bytes; left > 0; {
		part := chunk[:min(left, len(chunk))]
		left -= len(part)
		_, _ = p.random.Read(part)
		sum.Write(part)
		var n int64
		var err error
		if p.vectored {
			buffers := net.Buffers(split(part))
			n, err = conn.Writev(&buffers)
		} else {
			var short int
			short, err = conn.Write(part)
			n = int64(short)
		}
		if err != nil {
			return err
		}
		if n != int64(len(part)) {
			return io.ErrShortWrite
		}
	}
	return conn.CloseWrite()
}

// split cuts b into segments, of which the last may be empty.
func split(b []byte) [][]byte {
	third := (len(b) + segments - 1) / segments
	return [][]byte{b[:min(third, len(b))], b[min(third, len(b)):min(2*third, len(b))], b[min(2*third, len(b)):]}
}

func read(conn *stream.Conn, p plan, sum hash.Hash) (int, error) {
	chunk := make([]byte, p.chunk)
	for total := 0; ; {
		n, err := readOnce(conn, p, chunk)
		if err == sys.ErrWouldBlock {
			if err := conn.WaitRead(); err != nil {
				return total, err
			}
			continue
		}
		total += n
		sum.Write(chunk[:n])
		if isEnd(err) {
			return total, nil
		}
		if err != nil {
			return total, err
		}
	}
}

func readOnce(conn *stream.Conn, p plan, chunk []byte) (int, error) {
	if p.vectored {
		return conn.TryReadv(split(chunk))
	}
	return conn.Read(chunk)
}

func compare(p plan, received int, sent, got hash.Hash) error {
	switch {
	case received < p.bytes:
		return errCut
	case received > p.bytes:
		return errors.New("more came back than was sent")
	case string(sent.Sum(nil)) != string(got.Sum(nil)):
		return errors.New("the bytes that came back differ from those sent")
	}
	return nil
}

// accept serves until all transfers have been reported.
func (w *world) accept(t *sched.Task, l *stream.Listener) error {
	defer l.Close()
	t.OnDrain(func() { l.Close() })
	for {
		sock, _, err := l.AcceptSocket()
		if err != nil {
			return err
		}
		if w.config.Choice.Task == strategy.Handler {
			err = w.serveHandler(sock)
		} else {
			err = w.serve(t, sock)
		}
		if errors.Is(err, sched.ErrStopped) {
			// Every transfer has been recorded: the client of this connection gave up early.
			return net.ErrClosed
		}
		// The connection has been reset, and its client notices.
		if _, right := w.ledger.judge(err); !right {
			w.ledger.violate("a connection could not be served: %v", err)
		}
	}
}

func (w *world) serve(t *sched.Task, sock stream.Socket) error {
	conn, err := stream.NewConn(sock, t.Loop().Waiter())
	if err != nil {
		abort(&sock)
		return err
	}
	if err := w.prepare(conn); err != nil {
		abort(conn)
		return err
	}
	buffer, err := w.buffer()
	if err != nil {
		abort(conn)
		return err
	}
	err = t.Go(context.Background(), echoTask, func(*sched.Task) error {
		defer buffer.Release()
		if err := echo(conn, buffer); err != nil {
			abort(conn)
			return err
		}
		return conn.Close()
	})
	if err != nil {
		buffer.Release()
		abort(conn)
	}
	return err
}

// echo sends back what arrives.
func echo(conn *stream.Conn, buffer bufstrategy.Buffer) error {
	for {
		outcome, _, err := bufstrategy.Fill(buffer, conn, 0)
		if outcome == bufstrategy.Failed {
			return err
		}
		for buffer.Len() > 0 {
			flushed, _, err := bufstrategy.Flush(buffer, conn, 0)
			if flushed == bufstrategy.Failed {
				return err
			}
			if flushed == bufstrategy.Blocked {
				if err := conn.WaitWrite(); err != nil {
					return err
				}
			}
		}
		switch outcome {
		case bufstrategy.EOF:
			return conn.CloseWrite()
		case bufstrategy.Drained:
			if err := conn.WaitRead(); err != nil {
				return err
			}
		}
	}
}
