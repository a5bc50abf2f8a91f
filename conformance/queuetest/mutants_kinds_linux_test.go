package queuetest

import (
	"errors"
	"syscall"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// stat returns the number and the type of the open file of h.
func stat(h sys.Handle) (inode uint64, kind uint32) {
	var st syscall.Stat_t
	if syscall.Fstat(int(h), &st) != nil {
		return 0, 0
	}
	return st.Ino, st.Mode & syscall.S_IFMT
}

// kindMutants treat some handles or some calls differently from the rest.
func kindMutants() []mutant {
	return []mutant{
		{"only sockets are reported", func(q *faulty) {
			q.each(func(_ *queue.Event, h sys.Handle, _ queue.Registration) bool {
				_, kind := stat(h)
				return kind == syscall.S_IFSOCK
			})
		}, "features/nested"},
		{"delete ends every registration of the open file", func(q *faulty) {
			q.remove = func(h sys.Handle) error {
				inode, kind := stat(h)
				err := q.reallyRemove(h)
				q.mu.Lock()
				defer q.mu.Unlock()
				for other := range q.regs {
					if i, k := stat(other); err == nil && i == inode && k == kind && k == syscall.S_IFSOCK {
						_ = q.Queue.Delete(other)
						delete(q.regs, other)
					}
				}
				return err
			}
		}, "foreign/duplicate"},
		{"handle 0 is the waker's", func(q *faulty) {
			q.each(func(_ *queue.Event, h sys.Handle, _ queue.Registration) bool { return h != 0 })
		}, "foreign/descriptor-0"},
		{"an add that failed leaks a descriptor", func(q *faulty) {
			var leaked []int // guarded by mu
			q.add = func(h sys.Handle, r queue.Registration) error {
				err := q.reallyAdd(h, r)
				if err != nil && !errors.Is(err, queue.ErrClosed) {
					if fd, err := syscall.Dup(2); err == nil {
						q.mu.Lock()
						leaked = append(leaked, fd)
						q.mu.Unlock()
					}
				}
				return err
			}
			q.shut = func() error {
				q.mu.Lock()
				defer q.mu.Unlock()
				for _, fd := range leaked {
					_ = syscall.Close(fd)
				}
				leaked = nil
				return q.Queue.Close()
			}
		}, "add/failures"},
		{"would-block of a stranger is invalid", func(q *faulty) {
			q.wouldBlock = func(h sys.Handle, dir queue.Interest) error {
				q.mu.Lock()
				_, registered := q.regs[h]
				q.mu.Unlock()
				if err := q.Queue.WouldBlock(h, dir); err != nil || registered {
					return err
				}
				return queue.ErrInvalid
			}
		}, "would-block/unknown"},
		{"a late delete ends the successor", func(q *faulty) {
			inodes, cursed := map[sys.Handle]uint64{}, map[sys.Handle]bool{} // guarded by mu
			q.add = func(h sys.Handle, r queue.Registration) error {
				inode, _ := stat(h)
				q.mu.Lock()
				inodes[h] = inode
				q.mu.Unlock()
				return q.reallyAdd(h, r)
			}
			q.remove = func(h sys.Handle) error {
				inode, _ := stat(h)
				q.mu.Lock()
				cursed[h] = inode != 0 && inodes[h] != 0 && inode != inodes[h]
				q.mu.Unlock()
				return q.reallyRemove(h)
			}
			q.each(func(_ *queue.Event, h sys.Handle, _ queue.Registration) bool { return !cursed[h] })
		}, "delete/late"},
		{"wakes fill a pipe", func(q *faulty) {
			unanswered := 0 // guarded by mu
			q.wake = func() error {
				q.mu.Lock()
				unanswered++
				full := unanswered > 1<<16
				q.mu.Unlock()
				if full {
					return syscall.EAGAIN
				}
				return q.Queue.Wake()
			}
			q.wait = func(events []queue.Event, timeout time.Duration) (int, error) {
				q.mu.Lock()
				unanswered = 0
				q.mu.Unlock()
				return q.reallyWait(events, timeout)
			}
		}, "wake/saturated"},
		{"an edge nags", func(q *faulty) {
			told := map[queue.Token]queue.Ready{} // guarded by mu
			q.each(func(e *queue.Event, _ sys.Handle, r queue.Registration) bool {
				if r.Mode == queue.Edge {
					told[e.Token] = e.Ready & queue.Ready(queue.Readable)
				}
				return true
			})
			forget := func(h sys.Handle) {
				q.mu.Lock()
				delete(told, q.regs[h].Token)
				q.mu.Unlock()
			}
			q.modify = func(h sys.Handle, r queue.Registration) error {
				forget(h)
				return q.reallyModify(h, r)
			}
			q.remove = func(h sys.Handle) error {
				forget(h)
				return q.reallyRemove(h)
			}
			q.wouldBlock = func(h sys.Handle, dir queue.Interest) error {
				forget(h)
				return q.Queue.WouldBlock(h, dir)
			}
			q.wait = func(events []queue.Event, timeout time.Duration) (int, error) {
				n, err := q.reallyWait(events, timeout)
				q.mu.Lock()
				defer q.mu.Unlock()
				for token, ready := range told {
					if n == 0 && err == nil && timeout == 0 && len(events) > 0 && ready != 0 {
						events[0] = queue.Event{Token: token, Ready: ready}
						return 1, nil
					}
				}
				return n, err
			}
		}, "edge/told-once"},
		{"an arrival is room", func(q *faulty) {
			q.each(func(e *queue.Event, _ sys.Handle, r queue.Registration) bool {
				if r.Mode == queue.Edge && r.Interest == queue.Both && e.Ready.Directions() == queue.Readable {
					e.Ready |= queue.Ready(queue.Writable)
				}
				return true
			})
		}, "edge/full"},
		{"a level hides the others", func(q *faulty) {
			q.events = func(events []queue.Event) []queue.Event {
				for _, e := range events {
					if _, r := q.of(e.Token); r.Mode == queue.Level && len(q.regs) == 2 {
						return []queue.Event{e}
					}
				}
				return events
			}
		}, "level/connects"},
	}
}
