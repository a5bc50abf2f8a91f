package streamtest

import (
	"errors"
	"net"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

// brokenQueue is correct except for the functions that are set.
type brokenQueue struct {
	*stream.WriteQueue
	tryWrite   func(p []byte) error
	write      func(p []byte) (int, error)
	waitRoom   func(n int) error
	flush      func() error
	closeWrite func() error
	run        func() error
	close      func() error
}

func (b *brokenQueue) TryWrite(p []byte) error {
	if b.tryWrite != nil {
		return b.tryWrite(p)
	}
	return b.WriteQueue.TryWrite(p)
}

func (b *brokenQueue) Write(p []byte) (int, error) {
	if b.write != nil {
		return b.write(p)
	}
	return b.WriteQueue.Write(p)
}

func (b *brokenQueue) WaitRoom(n int) error {
	if b.waitRoom != nil {
		return b.waitRoom(n)
	}
	return b.WriteQueue.WaitRoom(n)
}

func (b *brokenQueue) Flush() error {
	if b.flush != nil {
		return b.flush()
	}
	return b.WriteQueue.Flush()
}

func (b *brokenQueue) CloseWrite() error {
	if b.closeWrite != nil {
		return b.closeWrite()
	}
	return b.WriteQueue.CloseWrite()
}

func (b *brokenQueue) Run() error {
	if b.run != nil {
		return b.run()
	}
	return b.WriteQueue.Run()
}

func (b *brokenQueue) Close() error {
	if b.close != nil {
		return b.close()
	}
	return b.WriteQueue.Close()
}

func queues(change func(b *brokenQueue)) func(f *Fixture) {
	return func(f *Fixture) {
		f.parts.queue = func(q *stream.WriteQueue) writeQueue {
			b := &brokenQueue{WriteQueue: q}
			change(b)
			return b
		}
	}
}

func writeQueueMutants() []mutant {
	return []mutant{
		broken("small writes pass the high mark", queues(func(b *brokenQueue) {
			b.tryWrite = func(p []byte) error {
				err := b.WriteQueue.TryWrite(p)
				if err == sys.ErrWouldBlock && len(p) == 1 {
					return nil
				}
				return err
			}
		}), "queue/marks"),
		broken("too much is tried again", queues(func(b *brokenQueue) {
			b.tryWrite = func(p []byte) error {
				err := b.WriteQueue.TryWrite(p)
				if errors.Is(err, stream.ErrWriteTooLong) {
					return sys.ErrWouldBlock
				}
				return err
			}
		}), "queue/too-long"),
		broken("a write overtakes the one before it", queues(func(b *brokenQueue) {
			var held []byte
			b.tryWrite = func(p []byte) error {
				// The second of two messages of one writer goes first.
				if len(p) < 8 || p[4] != 0 || p[5] != 0 || p[7] != 3 && p[7] != 4 {
					return b.WriteQueue.TryWrite(p)
				}
				if p[7] == 3 {
					held = p
					return nil
				}
				if _, err := b.WriteQueue.Write(p); err != nil {
					return err
				}
				_, err := b.WriteQueue.Write(held)
				return err
			}
		}), "queue/order"),
		broken("Write does not wait", queues(func(b *brokenQueue) {
			b.write = func(p []byte) (int, error) {
				if err := b.TryWrite(p); err != sys.ErrWouldBlock && !errors.Is(err, stream.ErrWriteTooLong) {
					return len(p), err
				}
				return len(p), nil
			}
		}), "queue/write-waits"),
		broken("Flush does not wait", queues(func(b *brokenQueue) { b.flush = func() error { return nil } }), "queue/flush"),
		broken("CloseWrite does not flush", queues(func(b *brokenQueue) {
			b.closeWrite = func() error { return b.Conn().CloseWrite() }
		}), "queue/close-write"),
		broken("Run polls", queues(func(b *brokenQueue) {
			b.run = func() error {
				if err := b.Conn().WaitWrite(); err != nil {
					return err
				}
				return b.WriteQueue.Run()
			}
		}), "queue/run"),
		broken("Close with Run drops what is queued", queues(func(b *brokenQueue) {
			b.close = func() error {
				err := b.WriteQueue.Close()
				b.Conn().Close()
				return err
			}
		}), "queue/lingers"),
		broken("Run lingers for ever", queues(func(b *brokenQueue) {
			b.close = func() error {
				err := b.WriteQueue.Close()
				if err == nil {
					b.Conn().SetWriteDeadline(time.Time{})
				}
				return err
			}
		}), "queue/linger-ends"),
		broken("dropped bytes are not told of", queues(func(b *brokenQueue) {
			b.close = func() error {
				err := b.WriteQueue.Close()
				if errors.Is(err, stream.ErrUnsent) {
					return nil
				}
				return err
			}
		}), "queue/close-drops"),
		broken("after CloseWrite writes are closed", queues(func(b *brokenQueue) {
			b.tryWrite = func(p []byte) error {
				err := b.WriteQueue.TryWrite(p)
				if errors.Is(err, syscall.EPIPE) {
					return net.ErrClosed
				}
				return err
			}
		}), "queue/close-write"),
		broken("WaitRoom returns at once", queues(func(b *brokenQueue) {
			var calls atomic.Int64
			b.waitRoom = func(n int) error {
				if n == queueHigh || calls.Add(1) == 1 {
					return nil
				}
				return b.WriteQueue.WaitRoom(n)
			}
		}), "queue/marks"),
	}
}
