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
// than the queue ever holds.
var ErrWriteTooLong = errors.New("stream: more bytes than the write queue may hold")

// ErrUnsent is returned by [WriteQueue.Close], and by [WriteQueue.Run] after it, when bytes that
// had been queued were dropped.
var ErrUnsent = errors.New("stream: queued bytes were dropped")

// WriteQueueOptions configure a [WriteQueue]. The zero value is good.
type WriteQueueOptions struct {
	// High is the most bytes that are queued, DefaultWriteQueueHigh if zero. It is never passed.
	High int
	// Low is how few bytes are to be left, after the high mark was met, for writes to be taken
	// again: DefaultWriteQueueLow if zero, or High/4 if that is less. It is below High.
	Low int
	// Linger is how long Run goes on after Close with what is still queued, DefaultWriteQueueLinger
	// if zero. Negative is not at all.
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
		panic("stream: the low mark of a write queue must be below the high one, and neither negative")
	}
	if o.Linger == 0 {
		o.Linger = DefaultWriteQueueLinger
	}
	return o
}

// WriteQueue is the writing side of a [Conn] with a bounded queue: what the kernel does not take at
// once is queued, so that several tasks can write to one connection, and a short write suspends
// nobody. It implements net.Conn; reads go to the Conn as they are.
//
// # Order and bounds
//
// Bytes go out in the order in which they were taken, and each write is whole: nothing comes
// between its bytes. A write goes to the kernel directly while nothing is queued, without a copy.
// The queue never holds more than High bytes. From the moment at which it is full, or has refused a
// TryWrite, until only Low are left, TryWrite refuses and Write suspends. A Write that is longer
// than High is taken piece by piece as the kernel makes room, and other writers wait for its end; a
// TryWrite that long is an error. The memory of the queue grows with what is in it, and is kept:
// what it holds at most is allocated once.
//
// # Who sends what is queued
//
// Whoever waits: Write, Flush, CloseWrite and WaitRoom send while they are suspended, one of them
// at a time. So does [WriteQueue.Run], for as long as nobody else does; it is a task or goroutine
// that the user starts, and nothing here starts one. Without Run, what TryWrite or Write left in
// the queue stays there until the next call, of whichever kind, sends it: a program whose last
// write has been made calls Flush.
//
// # Concurrency
//
// All methods but Read may be called by any number of tasks of the loop, or of goroutines: nobody
// holds a lock while suspended. A second caller who has to wait is suspended by an optional method
// of the Source,
//
//	Suspend(start func(resume func())) error // calls start and suspends the caller until resume is called, from anywhere
//
// as the tasks of package sched are. Without it, a caller who must not be blocked gets [ErrBusy];
// one who may be is blocked. Close, TryWrite, Queued, the deadlines and the addresses may be called
// from any goroutine at any time, and suspend nobody.
//
// The queue owns the writing side of its Conn: Write, Writev, TryWritev, WaitWrite and CloseWrite
// of the Conn itself are not to be called.
type WriteQueue struct {
	c       *Conn
	options WriteQueueOptions

	mu        sync.Mutex // guards what follows; never held over a wait
	ring      ring
	taken     int64 // bytes ever taken, by the kernel or into the queue
	congested bool  // the high mark was met, and the low one not yet
	writing   bool  // a Write is between its first byte and its last
	finished  bool  // CloseWrite
	closed    bool
	over      bool  // the Conn is closed, or about to be
	failure   error // of the connection: nothing more will be sent
	driving   bool  // somebody is suspended until the kernel takes more
	running   bool  // Run
	parked    []*parked
	woken     []*parked // to be resumed when mu is let go
}

var _ net.Conn = (*WriteQueue)(nil)

// NewWriteQueue makes a queue for c, which nobody else writes to from then on. It panics if the
// marks are in the wrong order.
func NewWriteQueue(c *Conn, o WriteQueueOptions) *WriteQueue {
	return &WriteQueue{c: c, options: o.withDefaults()}
}

// Write takes all of p, and suspends the caller at the high mark until the low one. It returns when
// the kernel or the queue has the last byte. When an error is returned, so is how many bytes were
// taken before: they have been sent or will be, unless the connection has failed.
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
		q.wakeAll() // one of them may have its turn
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

// TryWrite takes all of p or nothing, and never waits. It returns sys.ErrWouldBlock between the
// high mark and the low one, when p does not fit below the high one, and while a Write waits;
// [ErrWriteTooLong] when p never fits; and otherwise nil. It heeds no deadline.
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

// usable returns why nothing can be written any more.
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

// offer gives p to the kernel, or what of it the kernel does not take to the queue, and returns how
// much was taken.
func (q *WriteQueue) offer(p []byte) (int, error) {
	n := 0
	if q.ring.n == 0 {
		var err error
		n, err = q.c.sock.TryWrite(p)
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

// push gives the kernel what is queued, as much as it takes, unless somebody is suspended until it
// takes more.
func (q *WriteQueue) push() error {
	if q.driving || q.failure != nil {
		return q.failure
	}
	var spans [2][]byte
	for q.ring.n > 0 {
		n, err := q.c.sock.TryWritev(q.ring.spans(&spans))
		q.c.out.tried(err) // nobody drives, and mu is held
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

// fail notes why the connection is of no more use for writing.
func (q *WriteQueue) fail(err error) error {
	q.failure = err
	q.wakeAll()
	return err
}

// Queued returns how many bytes are in the queue.
func (q *WriteQueue) Queued() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.ring.n
}

// High returns the high mark: the most bytes that are queued.
func (q *WriteQueue) High() int { return q.options.High }

// WaitRoom suspends the caller until the queue has room for n bytes below the high mark, no Write
// is under way and the high mark, if it was met, is behind: a TryWrite of n bytes is then worth
// calling. It returns EPIPE after CloseWrite, which ends a running one.
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
