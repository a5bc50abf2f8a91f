package queuetest

import (
	"errors"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// sink keeps the compiler from optimizing an allocation away.
var sink atomic.Pointer[queue.Event]

// awaitSignal waits on q, which has no event, until a signal interrupts the wait. It returns EINTR.
func awaitSignal(q *faulty) error {
	for {
		if _, err := sys.Poll([]sys.PollFD{{Fd: int32(q.handle()), Events: sys.PollIn}}, signalsTimeout); err != nil {
			return err
		}
	}
}

func waitingMutants() []mutant {
	return []mutant{
		{"no room is no error", func(q *faulty) {
			q.wait = func(events []queue.Event, timeout time.Duration) (int, error) {
				if len(events) == 0 {
					return 0, nil
				}
				return q.reallyWait(events, timeout)
			}
		}, "wait/no-room"},
		{"polling finds nothing", func(q *faulty) {
			q.wait = func(events []queue.Event, timeout time.Duration) (int, error) {
				if timeout == 0 && len(events) > 0 {
					return 0, q.Queue.WouldBlock(sys.Invalid, queue.None) // reports whether the queue is closed
				}
				return q.reallyWait(events, timeout)
			}
		}, "wait/polls"},
		{"parts of a millisecond are cut off", func(q *faulty) {
			q.wait = func(events []queue.Event, timeout time.Duration) (int, error) {
				if timeout > 0 {
					timeout = timeout.Truncate(time.Millisecond)
				}
				return q.reallyWait(events, timeout)
			}
		}, "wait/not-early"},
		{"long timeouts overflow", func(q *faulty) {
			q.wait = func(events []queue.Event, timeout time.Duration) (int, error) {
				if timeout > time.Hour*24*365 {
					timeout = 0
				}
				return q.reallyWait(events, timeout)
			}
		}, "wait/longest"},
		{"a long wait ends by itself", func(q *faulty) {
			q.wait = func(events []queue.Event, timeout time.Duration) (int, error) {
				n, err := q.reallyWait(events, timeout)
				if timeout > time.Hour*24*365 && n == 0 && err == nil {
					err = q.Queue.Wake() // restores the wake that may have ended the wait just before
				}
				return n, err
			}
		}, "wait/longest"},
		{"signals end the wait", func(q *faulty) {
			q.wait = func(events []queue.Event, timeout time.Duration) (int, error) {
				if timeout == signalsTimeout {
					return 0, awaitSignal(q)
				}
				return q.reallyWait(events, timeout)
			}
		}, "wait/signals"},
		{"a signal makes the wait forget its time", func(q *faulty) {
			q.wait = func(events []queue.Event, timeout time.Duration) (int, error) {
				if timeout == signalsTimeout && awaitSignal(q) == syscall.EINTR {
					timeout = -1
				}
				return q.reallyWait(events, timeout)
			}
		}, "wait/signals"},
		{"a wait knows what was registered before", func(q *faulty) {
			var adds atomic.Int64
			q.add = func(h sys.Handle, r queue.Registration) error {
				adds.Add(1)
				return q.reallyAdd(h, r)
			}
			q.wait = func(events []queue.Event, timeout time.Duration) (int, error) {
				if len(events) != 1 || timeout <= 0 {
					return q.reallyWait(events, timeout)
				}
				before := adds.Load()
				n, err := q.reallyWait(events, timeout)
				if n > 0 && adds.Load() > before {
					q.mu.Lock()
					q.stash = append(q.stash, events[:n]...)
					q.mu.Unlock()
					return 0, nil
				}
				return n, err
			}
		}, "wait/registered-meanwhile"},
		{"each event is allocated", func(q *faulty) {
			q.each(func(e *queue.Event, _ sys.Handle, _ queue.Registration) bool {
				sink.Store(&queue.Event{Token: e.Token})
				return true
			})
		}, "level/no-allocation"},
		{"nobody to wake yet", func(q *faulty) {
			var waits atomic.Int64
			q.wake = func() error {
				if waits.Load() == 0 {
					return q.Queue.WouldBlock(sys.Invalid, queue.None) // reports whether the queue is closed
				}
				return q.Queue.Wake()
			}
			q.wait = func(events []queue.Event, timeout time.Duration) (int, error) {
				waits.Add(1)
				return q.reallyWait(events, timeout)
			}
		}, "wake/before-wait"},
		{"whoever sleeps is not woken", func(q *faulty) {
			q.wake = func() error {
				q.mu.Lock()
				inside := q.inside
				q.mu.Unlock()
				if inside > 0 {
					return q.Queue.WouldBlock(sys.Invalid, queue.None) // reports whether the queue is closed
				}
				return q.Queue.Wake()
			}
		}, "wake/during-wait"},
		{"a wake wakes all", func(q *faulty) {
			q.wait = func(events []queue.Event, timeout time.Duration) (int, error) {
				n, err := q.reallyWait(events, timeout)
				q.mu.Lock()
				defer q.mu.Unlock()
				if n == 0 && err == nil && timeout < 0 && q.inside > 0 {
					_ = q.Queue.Wake()
				}
				return n, err
			}
		}, "wake/one"},
		{"a wake eats events", func(q *faulty) {
			var woken atomic.Bool
			q.wake = func() error {
				woken.Store(true)
				return q.Queue.Wake()
			}
			q.wait = func(events []queue.Event, timeout time.Duration) (int, error) {
				n, err := q.reallyWait(events, timeout)
				if woken.Swap(false) && timeout != 0 && n > 1 {
					n = 1
				}
				return n, err
			}
		}, "wake/beside-events"},
		{"deaf to close", func(q *faulty) {
			q.shut = func() error {
				q.mu.Lock()
				inside := q.inside
				q.mu.Unlock()
				err := q.Queue.Close()
				if inside > 0 && err == nil {
					return errors.New("close: a Wait is running")
				}
				return err
			}
			q.wait = func(events []queue.Event, timeout time.Duration) (int, error) {
				n, err := q.reallyWait(events, timeout)
				if errors.Is(err, queue.ErrClosed) && timeout < 0 {
					return 0, nil
				}
				return n, err
			}
		}, "close/ends-waits"},
		{"a closed queue takes calls", func(q *faulty) {
			q.wake = func() error {
				_ = q.Queue.Wake()
				return nil
			}
		}, "close/races"},
		{"a second close is fine", func(q *faulty) {
			q.shut = func() error {
				_ = q.Queue.Close()
				return nil
			}
		}, "close/every-call"},
		{"arguments are checked before the queue", func(q *faulty) {
			q.add = func(h sys.Handle, r queue.Registration) error {
				if r.Mode > queue.OneShot {
					return queue.ErrInvalid
				}
				return q.reallyAdd(h, r)
			}
		}, "close/every-call"},
		{"close shuts handles down", func(q *faulty) {
			// By the time that the queue is closed, a closed number may belong to another handle.
			inodes := map[sys.Handle]uint64{}
			inode := func(h sys.Handle) uint64 {
				var st syscall.Stat_t
				if syscall.Fstat(int(h), &st) != nil {
					return 0
				}
				return st.Ino
			}
			q.add = func(h sys.Handle, r queue.Registration) error {
				q.mu.Lock()
				inodes[h] = inode(h)
				q.mu.Unlock()
				return q.reallyAdd(h, r)
			}
			q.shut = func() error {
				q.mu.Lock()
				defer q.mu.Unlock()
				for h := range q.regs {
					if inodes[h] == inode(h) {
						_ = sys.Shutdown(h, sys.ShutBoth)
					}
				}
				return q.Queue.Close()
			}
		}, "close/handles-stay"},
		{"whoever comes too late finds a bad descriptor", func(q *faulty) {
			q.modify = func(h sys.Handle, r queue.Registration) error {
				err := q.reallyModify(h, r)
				if errors.Is(err, queue.ErrClosed) {
					return syscall.EBADF
				}
				return err
			}
			q.wake = func() error {
				err := q.Queue.Wake()
				if errors.Is(err, queue.ErrClosed) {
					return syscall.EBADF
				}
				return err
			}
		}, "close/every-call"},
		{"one-shot is lost on several waiters", func(q *faulty) {
			q.each(func(_ *queue.Event, _ sys.Handle, r queue.Registration) bool {
				return q.most < 2 || r.Mode != queue.OneShot
			})
		}, "waiters/all-served"},
	}
}
