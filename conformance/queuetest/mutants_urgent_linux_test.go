package queuetest

import (
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
	"golang.org/x/sys/unix"
)

func urgentMutants() []mutant {
	return []mutant{
		{"urgent data is not reported", func(q *faulty) {
			q.each(func(e *queue.Event, _ sys.Handle, _ queue.Registration) bool {
				e.Ready &^= queue.ReadyUrgent
				return true
			})
		}, "edge/urgent"},
		{"all data is reported as urgent", func(q *faulty) {
			q.each(func(e *queue.Event, _ sys.Handle, _ queue.Registration) bool {
				e.Ready |= queue.ReadyUrgent
				return true
			})
		}, "edge/urgent-plain"},
		{"urgent data is a level", func(q *faulty) {
			q.wait = nagsOf(q, queue.Level)
		}, "level/urgent-alone"},
		{"urgent data is an edge without end", func(q *faulty) {
			q.wait = nagsOf(q, queue.Edge)
		}, "edge/urgent-alone"},
		{"urgent data comes again after its one shot", func(q *faulty) {
			q.wait = nagsOf(q, queue.OneShot)
		}, "oneshot/urgent-alone"},
	}
}

// nagsOf reports handles with urgent data by poll(2) to every Wait in mode m that found nothing
// else.
func nagsOf(q *faulty, m queue.Mode) func([]queue.Event, time.Duration) (int, error) {
	return func(events []queue.Event, timeout time.Duration) (int, error) {
		n, err := q.reallyWait(events, timeout)
		if n > 0 || err != nil {
			return n, err
		}
		q.mu.Lock()
		defer q.mu.Unlock()
		for h, r := range q.regs {
			if r.Mode == m && n < len(events) && isUrgent(h) {
				events[n] = queue.Event{Token: r.Token, Ready: queue.Ready(queue.Readable)}
				n++
			}
		}
		return n, nil
	}
}

// isUrgent reports whether h has urgent data.
func isUrgent(h sys.Handle) bool {
	fds := []sys.PollFD{{Fd: int32(h), Events: unix.POLLPRI}}
	n, err := sys.Poll(fds, 0)
	return n == 1 && err == nil && fds[0].Revents&unix.POLLPRI != 0
}
