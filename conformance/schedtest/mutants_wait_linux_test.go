package schedtest

import (
	"errors"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/sys"
)

func waiterMutants(f form) []suite.Mutant[*Fixture] {
	of := func(id string) string { return f.name + "-wait/" + id }
	var all []suite.Mutant[*Fixture]
	add := func(name string, alter func(o *odd), detects string) {
		all = append(all, mutant(f.name+" "+name, oddly(f, alter), of(detects)))
	}
	add("is not woken at the tenth time", func(o *odd) {
		var waits atomic.Int32
		o.wait = func(d sys.Direction, deadline time.Time) error {
			err := o.registration.Wait(d, deadline)
			if !deadline.IsZero() || waits.Add(1) != 10 {
				return err
			}
			for err == nil {
				err = o.registration.Wait(d, deadline)
			}
			return err
		}
	}, "wakes")
	add("is told of one event forty times", func(o *odd) {
		var left atomic.Int32
		o.wait = func(d sys.Direction, deadline time.Time) error {
			if left.Add(-1) >= 0 {
				return nil
			}
			err := o.registration.Wait(d, deadline)
			if err == nil {
				left.Store(40)
			}
			return err
		}
	}, "spurious")
	add("who comes second is told to try again", func(o *odd) {
		o.wait = func(d sys.Direction, deadline time.Time) error {
			if err := o.registration.Wait(d, deadline); !errors.Is(err, sched.ErrBusy) {
				return err
			}
			return nil
		}
	}, "busy")
	add("waits in one direction at a time", func(o *odd) {
		o.wait = func(d sys.Direction, deadline time.Time) error {
			if o.waiting[1-d].Load() > 0 {
				return sched.ErrBusy
			}
			return o.registration.Wait(d, deadline)
		}
	}, "both-directions")
	add("is told of the deadline early", func(o *odd) {
		o.wait = func(d sys.Direction, deadline time.Time) error {
			if !deadline.IsZero() {
				deadline = deadline.Add(-6 * time.Millisecond)
			}
			return o.registration.Wait(d, deadline)
		}
	}, "deadline")
	add("takes an event for the deadline", func(o *odd) {
		o.wait = func(d sys.Direction, deadline time.Time) error {
			near := !deadline.IsZero() && time.Until(deadline) < time.Minute
			if err := o.registration.Wait(d, deadline); err != nil || !near {
				return err
			}
			return os.ErrDeadlineExceeded
		}
	}, "deadline-races-event")
	add("loses the event that it finds after its deadline", func(o *odd) {
		var late [2]atomic.Bool
		o.wait = func(d sys.Direction, deadline time.Time) error {
			passed := func() bool { return !deadline.IsZero() && !time.Now().Before(deadline) }
			err := o.registration.Wait(d, deadline)
			if err == nil && late[d].Swap(false) {
				return o.registration.Wait(d, deadline)
			}
			if err == nil && passed() {
				return os.ErrDeadlineExceeded
			}
			late[d].Store(errors.Is(err, os.ErrDeadlineExceeded))
			return err
		}
	}, "deadline-before-event")
	add("is not interrupted while it waits", func(o *odd) {
		o.interrupt = func(d sys.Direction) {
			if o.waiting[d].Load() == 0 {
				o.registration.Interrupt(d)
			}
		}
	}, "interrupt-while-waiting")
	add("is not interrupted before it waits", func(o *odd) {
		var waited atomic.Bool
		o.wait = func(d sys.Direction, deadline time.Time) error {
			waited.Store(true)
			return o.registration.Wait(d, deadline)
		}
		o.interrupt = func(d sys.Direction) {
			if waited.Load() {
				o.registration.Interrupt(d)
			}
		}
	}, "interrupt-before")
	add("is told to try again after Close", func(o *odd) {
		o.wait = func(d sys.Direction, deadline time.Time) error {
			if err := o.registration.Wait(d, deadline); !errors.Is(err, net.ErrClosed) {
				return err
			}
			return nil
		}
	}, "close-wakes")
	return all
}

func queueMutants() []suite.Mutant[*Fixture] {
	queued := func(wrap func(q queue.Queue) queue.Queue) func(*operations) {
		return func(o *operations) { o.queue = wrap }
	}
	ancient := time.Unix(0, 0)
	return []suite.Mutant[*Fixture]{
		mutant("forgets events that nobody waits for", func(o *operations) {
			var waiting atomic.Int32
			for _, f := range []form{taskForm, goroutineForm} {
				oddly(f, func(o *odd) {
					o.wait = func(d sys.Direction, deadline time.Time) error {
						waiting.Add(1)
						if deadline.IsZero() { // a caller that has given up waiting is spared: it could not report the loss
							defer waiting.Add(-1)
						}
						return o.registration.Wait(d, deadline)
					}
				})(o)
			}
			o.queue = func(q queue.Queue) queue.Queue {
				return lossyQueue{q, func(*queue.Event) bool { return waiting.Load() > 0 }}
			}
		}, "task-wait/ready-before-park"),
		mutant("an old deadline is none", oddly(taskForm, func(o *odd) {
			o.wait = func(d sys.Direction, deadline time.Time) error {
				if deadline.Before(ancient) {
					deadline = time.Time{}
				}
				return o.registration.Wait(d, deadline)
			}
		}), "time/extremes"),
		mutant("looks for no events while there is work", queued(func(q queue.Queue) queue.Queue {
			return waitQueue{q, func(q queue.Queue, events []queue.Event, timeout time.Duration) (int, error) {
				if timeout == 0 {
					return 0, nil
				}
				return q.Wait(events, timeout)
			}}
		}), "post/itself"),
		mutant("tokens have no generation", queued(func(q queue.Queue) queue.Queue {
			return newStaleQueue(q, true)
		}), "task-wait/number-reused"),
		mutantOf(single("epoll", openEpoll, queue.Level), "leaves interest on", queued(func(q queue.Queue) queue.Queue {
			return modifyQueue{q, func(r queue.Registration) queue.Registration {
				r.Interest |= queue.Readable
				return r
			}}
		}), "readiness/does-not-nag"),
		mutant("knows the first forty handles", queued(func(q queue.Queue) queue.Queue {
			const ofHandler = 1 << 31 // in the index of a token
			return lossyQueue{q, func(e *queue.Event) bool { return uint32(e.Token)&^ofHandler < 40 }}
		}), "readiness/many-and-collected"),
	}
}
