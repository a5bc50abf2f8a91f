package stream

import (
	"errors"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/edgewise-go/edgewise/sys"
)

// Defaults of WriteQueueOptions.
const (
	DefaultWriteQueueHigh   = 64 << 10
	DefaultWriteQueueLow    = 16 << 10
	DefaultWriteQueueLinger = 5 * time.Second
)

// ErrWriteTooLong is returned by [WriteQueue.TryWrite] and [WriteQueue.WaitRoom] for more bytes
// than the high mark.
var ErrWriteTooLong = errors.New("stream: write exceeds the high mark of the queue")

// ErrUnsent is returned by [WriteQueue.Close], and by [WriteQueue.Run] after it, if queued bytes
// were dropped.
var ErrUnsent = errors.New("stream: queued bytes were dropped")

// WriteQueueOptions configures a [WriteQueue]. The zero value is ready for use.
type WriteQueueOptions struct {
	// High is the maximum number of queued bytes, which the queue never exceeds. Zero means
	// DefaultWriteQueueHigh.
	High int
	// Low is the number of bytes at which a queue that has reached the high mark takes writes
	// again. Zero means DefaultWriteQueueLow, or High/4 if that is less. Low must be below High.
	Low int
	// Linger is how long Run continues after Close with what is still queued. Zero means
	// DefaultWriteQueueLinger. A negative value means no lingering.
	Linger time.Duration
}

func (o WriteQueueOptions) withDefaults() WriteQueueOptions {
	if o.High == 0 {
		o.High = DefaultWriteQueueHigh
	}
	if o.Low == 0 {
		o.Low = min(DefaultWriteQueueLow, o.High/4)
	}
	if o.High < 0 || o.Low < 0 || o.Low >= o.High {
		panic("stream: NewWriteQueue: want 0 <= Low < High")
	}
	if o.Linger == 0 {
		o.Linger = DefaultWriteQueueLinger
	}
	return o
}

// WriteQueue is the writing side of a [Conn] with a bounded queue. It queues what the kernel does
// not take at once, so several tasks can write to one connection, and a short write suspends no
// task. It implements net.Conn; reads go directly to the Conn.
//
// # Order and bounds
//
// Bytes leave in the order in which the queue took them. Each write is whole: no other bytes come
// between its own. While nothing is queued, a write goes directly to the kernel without a copy.
//
// The queue never holds more than High bytes. Once it is full or has refused a TryWrite, TryWrite
// refuses and Write suspends until only Low bytes are left. A Write longer than High is taken piece
// by piece as the kernel makes room, and other writers wait until it ends. A TryWrite longer than
// High is an error.
//
// The memory of the queue grows with its content and is kept. The queue allocates its maximum only
// once.
//
// # Sending
//
// Write, Flush, CloseWrite and WaitRoom send while they are suspended, one of them at once.
// [WriteQueue.Run] sends while none of them does. It runs in a task or goroutine that the caller
// starts; the package starts none.
//
// Without Run, what TryWrite or Write left in the queue stays there until the next call of any kind
// sends it. After its last write, a program therefore calls Flush.
//
// # Concurrency
//
// Any number of tasks of the loop, or of goroutines, may call any method except Read. No method
// holds a lock while it is suspended. A second caller that has to wait is suspended through an
// optional method of the Source:
//
//	// Suspend calls start and suspends the caller until resume is called, from anywhere.
//	Suspend(start func(resume func())) error
//
// Tasks of package sched have it. Without it, a caller that must not block gets [ErrBusy], and any
// other caller is blocked. Close, TryWrite, Queued, the deadlines and the addresses suspend no
// caller. Any goroutine may call them at any time.
//
// The queue owns the writing side of its Conn. Do not call Write, Writev, TryWritev, WaitWrite or
// CloseWrite of the Conn itself.
type WriteQueue struct {
	c       *Conn
	options WriteQueueOptions

	mu        sync.Mutex // guards what follows; never held over a wait
	ring      ring
	spans     [2][]byte // of ring; a Transfer lets a local variable escape
	taken     int64     // bytes ever taken, by the kernel or into the queue
	congested bool      // the high mark was reached, and the low one not yet
	writing   bool      // a Write is between its first byte and its last
	finished  bool      // CloseWrite
	closed    bool
	over      bool  // the Conn is closed or about to be
	failure   error // of the connection: nothing more is sent
	driving   bool  // a caller is suspended until the kernel takes more
	running   bool  // Run
	parked    []*parked
	woken     []*parked // to be resumed when mu is unlocked
}

var _ net.Conn = (*WriteQueue)(nil)

// NewWriteQueue makes a queue for c, which no other code may write to from then on. It panics
// unless 0 <= Low < High.
func NewWriteQueue(c *Conn, o WriteQueueOptions) *WriteQueue {
	return &WriteQueue{c: c, options: o.withDefaults()}
}

// Write takes all of p. At the high mark it suspends the caller until the low one. It returns when
// the kernel or the queue has the last byte. With an error, it returns how many bytes were taken
// before. Those bytes have been sent or will be, unless the connection has failed.
func (q *WriteQueue) Write(p []byte) (int, error) {
	if err := yieldIfSpent(q.c.reg); err != nil {
		return 0, q.c.opError("write", err)
	}
	q.mu.Lock()
	n, err := q.write(p)
	q.unlock()
	return n, q.c.opError("write", err)
}

func (q *WriteQueue) write(p []byte) (int, error) {
	if q.c.out.expired() && !q.closed {
		return 0, q.c.late()
	}
	if err := q.until(func() bool { return !q.writing }); err != nil {
		return 0, err
	}
	q.writing = true
	defer func() {
		q.writing = false
		q.wakeAll() // one of them may write next
	}()
	written := 0
	for {
		if err := q.usable(); err != nil {
			return written, err
		}
		if err := q.push(); err != nil {
			return written, err
		}
		n, err := q.offer(p[written:])
		written += n
		if err != nil || written == len(p) {
			return written, err
		}
		q.congested = true
		if err := q.until(func() bool { return !q.congested }); err != nil {
			return written, err
		}
	}
}

// TryWrite takes all of p or nothing, and never waits. It ignores the deadlines. It returns nil if
// it has taken p, and [ErrWriteTooLong] if p is longer than High. It returns sys.ErrWouldBlock in
// three cases: between the high mark and the low one, if p does not fit below the high mark, and
// while a Write waits.
func (q *WriteQueue) TryWrite(p []byte) error {
	q.mu.Lock()
	err := q.tryWrite(p)
	q.unlock()
	return q.c.opError("write", err)
}

func (q *WriteQueue) tryWrite(p []byte) error {
	if len(p) > q.options.High {
		return ErrWriteTooLong
	}
	if err := q.usable(); err != nil {
		return err
	}
	if err := q.push(); err != nil {
		return err
	}
	if q.writing || q.congested {
		return sys.ErrWouldBlock
	}
	if q.ring.n+len(p) > q.options.High {
		q.congested = true
		return sys.ErrWouldBlock
	}
	_, err := q.offer(p)
	return err
}

// usable returns the reason why no write is possible any more, or nil.
func (q *WriteQueue) usable() error {
	switch {
	case q.closed:
		return net.ErrClosed
	case q.failure != nil:
		return q.failure
	case q.finished:
		return syscall.EPIPE
	}
	return nil
}

// offer gives p to the kernel and queues what the kernel does not take. It returns how many bytes
// were taken.
func (q *WriteQueue) offer(p []byte) (int, error) {
	n := 0
	if q.ring.n == 0 {
		var err error
		n, err = q.c.tryWrite(p)
		if err != nil && err != sys.ErrWouldBlock {
			return 0, q.fail(err)
		}
	}
	if rest := p[n:]; len(rest) > 0 && !q.congested {
		room := min(len(rest), q.options.High-q.ring.n)
		q.ring.put(rest[:room])
		n += room
		q.congested = q.ring.n == q.options.High
		if !q.driving {
			q.wakeAll() // Run, if there is one
		}
	}
	q.taken += int64(n)
	return n, nil
}

// push gives the kernel as much of the queue as it takes, unless a caller is suspended until it
// takes more.
func (q *WriteQueue) push() error {
	if q.driving || q.failure != nil {
		return q.failure
	}
	for q.ring.n > 0 {
		n, err := q.c.tryWritev(q.ring.spans(&q.spans))
		q.c.out.tried(err) // no caller drives, and mu is held
		q.ring.drop(n)
		if err == sys.ErrWouldBlock {
			break
		}
		if err != nil {
			return q.fail(err)
		}
	}
	if q.ring.n <= q.options.Low {
		q.congested = false
	}
	return nil
}

// fail records why the connection can no longer be written to.
func (q *WriteQueue) fail(err error) error {
	q.failure = err
	q.wakeAll()
	return err
}

// Queued returns the number of bytes in the queue.
func (q *WriteQueue) Queued() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.ring.n
}

// High returns the high mark: the maximum number of queued bytes.
func (q *WriteQueue) High() int { return q.options.High }

// WaitRoom suspends the caller until a TryWrite of n bytes is worth calling. The queue then has
// room for n bytes below the high mark, and no Write is running. If the queue had reached the high
// mark, it has fallen to the low one. After CloseWrite, which ends a running WaitRoom, it returns
// EPIPE.
func (q *WriteQueue) WaitRoom(n int) error {
	if n > q.options.High {
		return q.c.opError("write", ErrWriteTooLong)
	}
	if err := yieldIfSpent(q.c.reg); err != nil {
		return q.c.opError("write", err)
	}
	q.mu.Lock()
	err := q.usable()
	if err == nil {
		err = q.until(func() bool { return q.finished || !q.writing && !q.congested && q.ring.n+n <= q.options.High })
	}
	if err == nil {
		err = q.usable()
	}
	q.unlock()
	return q.c.opError("write", err)
}
