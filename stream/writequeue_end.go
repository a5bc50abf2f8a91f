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

// CloseWrite refuses further writes with EPIPE, suspends the caller until the kernel has what is
// queued, and ends the stream to the peer; reading goes on. When it fails, what is queued stays so,
// and it may be called again.
func (q *WriteQueue) CloseWrite() error {
	q.mu.Lock()
	q.finished = true
	// A Write or WaitRoom that is suspended finds that out, also the one that waits for the kernel.
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

// Run sends what is queued for as long as nobody else does, and returns after Close with nil, with
// [ErrUnsent] if what was queued then could not be sent within Linger. Otherwise it returns what
// makes sending impossible: the connection's error, the deadline for writing if it passes while
// bytes are queued, or the error of a task that is canceled. It may be called again then. A second
// Run at a time gets [ErrBusy].
//
// It is called where the Waiter may suspend its caller: by a task or goroutine for each connection.
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

// Close ends the connection and never waits. Writes, running and later, return net.ErrClosed.
//
// Where Run is running it goes on with what is queued, for Linger at most, and then closes the
// connection; reads go on meanwhile. Otherwise the kernel is offered what is queued once, the
// connection is closed, and if anything is left it is dropped and the error is [ErrUnsent]. A task
// that wants its last bytes sent calls Flush first, under a deadline. A second Close returns an
// error that is net.ErrClosed.
func (q *WriteQueue) Close() error {
	q.mu.Lock()
	if q.closed {
		q.unlock()
		return q.c.opError("close", net.ErrClosed)
	}
	_ = q.push() // what it cannot send is told of below
	q.closed = true
	q.wakeAll()
	if q.running && q.ring.n > 0 && q.failure == nil && q.options.Linger > 0 {
		// It also makes whoever drives look, and leave it to Run.
		err := q.c.SetWriteDeadline(time.Now().Add(q.options.Linger))
		q.unlock()
		return err
	}
	return q.c.opError("close", q.end())
}

// end closes the connection, unless that has been done, and lets the lock go.
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

// SetWriteDeadline sets the deadline of whoever waits to write: of Write, Flush, CloseWrite,
// WaitRoom, and of Run while bytes are queued. What was taken before it passed stays queued.
func (q *WriteQueue) SetWriteDeadline(t time.Time) error {
	q.mu.Lock()
	closed := q.closed
	q.mu.Unlock()
	if closed {
		return q.c.opError("set", net.ErrClosed)
	}
	return q.c.SetWriteDeadline(t)
}
