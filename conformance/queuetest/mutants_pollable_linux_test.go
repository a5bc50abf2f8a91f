package queuetest

import (
	"errors"
	"syscall"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// pollableMutants disagree with the kernel, or with their mode, about which handles can be waited
// for.
func pollableMutants() []mutant {
	return []mutant{
		{"devices that are always ready are accepted", func(q *faulty) {
			accepted := map[sys.Handle]queue.Registration{} // guarded by mu
			q.add = func(h sys.Handle, r queue.Registration) error {
				err := q.reallyAdd(h, r)
				if _, kind := stat(h); kind != syscall.S_IFCHR || !errors.Is(err, queue.ErrNotPollable) {
					return err
				}
				q.mu.Lock()
				accepted[h] = r
				q.mu.Unlock()
				return nil
			}
			q.remove = func(h sys.Handle) error {
				q.mu.Lock()
				_, ok := accepted[h]
				delete(accepted, h)
				q.mu.Unlock()
				if ok {
					return nil
				}
				return q.reallyRemove(h)
			}
			q.wait = func(events []queue.Event, timeout time.Duration) (int, error) {
				q.mu.Lock()
				for _, r := range accepted {
					events[0] = queue.Event{Token: r.Token, Ready: queue.Ready(r.Interest)}
					if r.Interest != queue.None {
						defer q.mu.Unlock()
						return 1, nil
					}
				}
				q.mu.Unlock()
				return q.reallyWait(events, timeout)
			}
		}, "pollable/refused"},
		{"every regular file is refused", func(q *faulty) {
			q.add = func(h sys.Handle, r queue.Registration) error {
				if _, kind := stat(h); kind == syscall.S_IFREG {
					return queue.ErrNotPollable
				}
				return q.reallyAdd(h, r)
			}
		}, "pollable/accepted"},
		{"what is always ready is reported by each wait, in mode edge", func(q *faulty) { repeat(q, queue.Edge) }, "pollable/always-ready"},
		{"what is always ready is reported by each wait, in mode one-shot", func(q *faulty) { repeat(q, queue.OneShot) }, "pollable/always-ready"},
	}
}

// repeat reports the registrations of regular files in mode m in each polling Wait, as if each Wait
// renewed their poll.
func repeat(q *faulty, m queue.Mode) {
	q.wait = func(events []queue.Event, timeout time.Duration) (int, error) {
		n, err := q.reallyWait(events, timeout)
		if n > 0 || err != nil || timeout != 0 {
			return n, err
		}
		q.mu.Lock()
		defer q.mu.Unlock()
		for h, r := range q.regs {
			if _, kind := stat(h); kind == syscall.S_IFREG && r.Mode == m && len(events) > 0 {
				events[0] = queue.Event{Token: r.Token, Ready: queue.Ready(queue.Readable)}
				return 1, nil
			}
		}
		return n, err
	}
}
