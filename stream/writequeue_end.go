package stream

import (
	"fmt"
	"net"
	"os"
	"time"

	"github.com/edgewise-go/edgewise/sys"
)

// Flush suspends the caller until the kernel has all bytes that were taken before the call.
func (q *WriteQueue) Flush() error {
	q.mu.Lock()
	mark := q.taken
	err := q.until(func() bool { return q.taken-int64(q.ring.n) >= mark })
	q.unlock()
	return q.c.opError("write", err)
}

// CloseWrite refuses further writes with EPIPE. It suspends the caller until the kernel has what is
// queued, then ends the stream to the peer. Reading continues. If it fails, the queue keeps its
// bytes, and the caller may call it again.
func (q *WriteQueue) CloseWrite() error {
	q.mu.Lock()
	q.finished = true
	// Make a suspended Write or WaitRoom notice, including the one that waits for the kernel.
	q.congested = false
	q.wakeAll()
	if q.driving {
		q.c.reg.Interrupt(sys.Writable)
	}
	err := q.until(func() bool { return !q.writing && q.ring.n == 0 })
	q.unlock()
	if err != nil {
		return q.c.opError("close", err)
	}
	return q.c.CloseWrite()
}

// Run sends what is queued while no other call does. After Close it returns nil, or [ErrUnsent] if
// it could not send the queued bytes within Linger.
//
// Before Close it returns only if sending is impossible. It then returns the connection's error, or
// the write deadline if that passes while bytes are queued, or the error of a canceled task. The
// caller may then call it again. A second Run at the same time returns [ErrBusy].
//
// The caller is a task or goroutine per connection that the Waiter may suspend.
func (q *WriteQueue) Run() error {
	q.mu.Lock()
	if q.running {
		q.unlock()
		return q.c.opError("write", ErrBusy)
	}
	q.running = true
	err := q.run()
	q.running = false
	q.wakeAll()
	if !q.closed {
		q.unlock()
		return q.c.opError("write", err)
	}
	closing := q.end()
	if closing == nil && err != nil && err != net.ErrClosed {
		closing = err
	}
	return q.c.opError("close", closing)
}

func (q *WriteQueue) run() error {
	for {
		switch {
		case q.failure != nil:
			return q.failure
		case q.over, q.closed && q.ring.n == 0:
			return nil
		case q.ring.n > 0 && q.c.out.expired():
			return os.ErrDeadlineExceeded
		}
		if err := q.step(); err != nil {
			return err
		}
	}
}

// Close closes the connection and never waits. Running and later writes return net.ErrClosed.
//
// If Run is running, it continues with what is queued, for at most Linger, and then closes the
// connection. Reads continue meanwhile. Otherwise Close offers the queue to the kernel once, closes
// the connection, and drops the rest. If it drops any bytes, the error is [ErrUnsent].
//
// A task that needs its last bytes sent calls Flush first, under a deadline. A second Close returns
// an error that is net.ErrClosed.
func (q *WriteQueue) Close() error {
	q.mu.Lock()
	if q.closed {
		q.unlock()
		return q.c.opError("close", net.ErrClosed)
	}
	_ = q.push() // bytes that it cannot send are reported below
	q.closed = true
	q.wakeAll()
	if q.running && q.ring.n > 0 && q.failure == nil && q.options.Linger > 0 {
		// The deadline also makes the driving caller look and leave the rest to Run.
		err := q.c.SetWriteDeadline(time.Now().Add(q.options.Linger))
		q.unlock()
		return err
	}
	return q.c.opError("close", q.end())
}

// end closes the connection unless it is closed already, and releases the lock.
func (q *WriteQueue) end() error {
	first, left := !q.over, q.ring.n
	q.over = true
	q.ring = ring{}
	q.unlock()
	if !first {
		return nil
	}
	err := q.c.Close()
	if left > 0 {
		return fmt.Errorf("%w: %d bytes", ErrUnsent, left)
	}
	return err
}

// Conn returns the connection below the queue.
func (q *WriteQueue) Conn() *Conn { return q.c }

// Read is [Conn.Read].
func (q *WriteQueue) Read(p []byte) (int, error) { return q.c.Read(p) }

// LocalAddr is [Conn.LocalAddr].
func (q *WriteQueue) LocalAddr() net.Addr { return q.c.LocalAddr() }

// RemoteAddr is [Conn.RemoteAddr].
func (q *WriteQueue) RemoteAddr() net.Addr { return q.c.RemoteAddr() }

// SetDeadline sets both deadlines.
func (q *WriteQueue) SetDeadline(t time.Time) error {
	if err := q.SetReadDeadline(t); err != nil {
		return err
	}
	return q.SetWriteDeadline(t)
}

// SetReadDeadline is [Conn.SetReadDeadline].
func (q *WriteQueue) SetReadDeadline(t time.Time) error { return q.c.SetReadDeadline(t) }

// SetWriteDeadline sets the deadline of Write, Flush, CloseWrite and WaitRoom, and of Run while
// bytes are queued. Bytes taken before it passes stay queued.
func (q *WriteQueue) SetWriteDeadline(t time.Time) error {
	q.mu.Lock()
	closed := q.closed
	q.mu.Unlock()
	if closed {
		return q.c.opError("set", net.ErrClosed)
	}
	return q.c.SetWriteDeadline(t)
}
