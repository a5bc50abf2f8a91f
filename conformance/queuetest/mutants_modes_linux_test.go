package queuetest

import (
	"slices"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
	"golang.org/x/sys/unix"
)

// prefetching takes more than one event for a Wait with room for one, and leaves the rest to the
// next Wait.
func prefetching(q *faulty) func([]queue.Event, time.Duration) (int, error) {
	return func(events []queue.Event, timeout time.Duration) (int, error) {
		q.mu.Lock()
		stashed := len(q.stash)
		q.mu.Unlock()
		if len(events) != 1 || stashed > 0 {
			return q.reallyWait(events, timeout)
		}
		more := make([]queue.Event, eventsMax)
		n, err := q.reallyWait(more, timeout)
		if n == 0 || err != nil {
			return 0, err
		}
		events[0] = more[0]
		q.mu.Lock()
		q.stash = append(q.stash, more[1:n]...)
		q.mu.Unlock()
		return 1, nil
	}
}

// deafToArrivals reports in mode m only handles that are ready when they are added or modified.
func deafToArrivals(m queue.Mode) func(q *faulty) {
	return func(q *faulty) {
		ready := map[queue.Token]queue.Interest{}
		note := func(h sys.Handle, r queue.Registration) {
			q.mu.Lock()
			ready[r.Token] = readiness(h)
			q.mu.Unlock()
		}
		q.add = func(h sys.Handle, r queue.Registration) error {
			note(h, r)
			return q.reallyAdd(h, r)
		}
		q.modify = func(h sys.Handle, r queue.Registration) error {
			note(h, r)
			return q.reallyModify(h, r)
		}
		q.each(func(e *queue.Event, _ sys.Handle, r queue.Registration) bool {
			return r.Mode != m || without(e, queue.Both&^ready[e.Token])
		})
	}
}

// deafAtAdd does not report in mode m a handle that is readable when it is added.
func deafAtAdd(m queue.Mode) func(q *faulty) {
	return func(q *faulty) {
		ready := map[queue.Token]queue.Interest{}
		q.add = func(h sys.Handle, r queue.Registration) error {
			q.mu.Lock()
			ready[r.Token] = readiness(h) & queue.Readable
			q.mu.Unlock()
			return q.reallyAdd(h, r)
		}
		q.each(func(e *queue.Event, _ sys.Handle, r queue.Registration) bool {
			if r.Mode != m {
				return true
			}
			missed := ready[e.Token]
			if m != queue.Level {
				delete(ready, e.Token)
			}
			return without(e, missed)
		})
	}
}

func modeMutants() []mutant {
	var mutants []mutant
	for _, m := range modes {
		mutants = append(mutants,
			mutant{m.String() + ": deaf to arrivals", deafToArrivals(m), m.String() + "/becomes-ready"},
			mutant{m.String() + ": deaf at add", deafAtAdd(m), m.String() + "/ready-at-add"},
		)
	}
	return append(mutants, []mutant{
		{"what does not fit is dropped", func(q *faulty) {
			q.wait = func(events []queue.Event, timeout time.Duration) (int, error) {
				if len(events) != 1 {
					return q.reallyWait(events, timeout)
				}
				more := make([]queue.Event, eventsMax)
				n, err := q.reallyWait(more, timeout)
				return copy(events, more[:n]), err
			}
		}, "edge/each-served"},
		{"nothing is ever disarmed", func(q *faulty) {
			q.each(func(e *queue.Event, _ sys.Handle, _ queue.Registration) bool {
				e.Disarmed = queue.None
				return true
			})
		}, "oneshot/disarmed"},
		{"everything is disarmed", func(q *faulty) {
			q.each(func(e *queue.Event, _ sys.Handle, _ queue.Registration) bool {
				e.Disarmed = e.Ready.Directions()
				return true
			})
		}, "edge/disarmed"},
		{"hang-ups are not interests", func(q *faulty) {
			q.each(func(e *queue.Event, _ sys.Handle, _ queue.Registration) bool {
				return e.Ready&(queue.ReadyHangUp|queue.ReadyError) != queue.ReadyHangUp
			})
		}, "edge/data-and-end"},
		{"errors are not interests", func(q *faulty) {
			q.each(func(e *queue.Event, _ sys.Handle, _ queue.Registration) bool { return e.Ready&queue.ReadyError == 0 })
		}, "edge/refused"},
		{"a connection is not room", func(q *faulty) {
			q.each(func(e *queue.Event, h sys.Handle, _ queue.Registration) bool {
				peer, err := sys.PeerAddr(h)
				return err != nil || !peer.IsValid() || without(e, queue.Writable)
			})
		}, "edge/connects"},
		{"hang-ups nag", func(q *faulty) {
			q.wait = func(events []queue.Event, timeout time.Duration) (int, error) {
				n, err := q.reallyWait(events, timeout)
				q.mu.Lock()
				defer q.mu.Unlock()
				for h, r := range q.regs {
					if err == nil && n < len(events) && r.Interest == queue.None && readiness(h) == queue.Both {
						fds := []sys.PollFD{{Fd: int32(h)}}
						if hung, _ := sys.Poll(fds, 0); hung > 0 {
							events[n] = queue.Event{Token: r.Token, Ready: queue.ReadyHangUp}
							n++
						}
					}
				}
				return n, err
			}
		}, "edge/hang-up-unasked"},
		{"a level is an edge", func(q *faulty) {
			q.add = func(h sys.Handle, r queue.Registration) error {
				r.Mode = max(r.Mode, queue.Edge)
				return q.reallyAdd(h, r)
			}
			q.modify = func(h sys.Handle, r queue.Registration) error {
				r.Mode = max(r.Mode, queue.Edge)
				return q.reallyModify(h, r)
			}
		}, "level/nags"},
		{"an edge comes once", func(q *faulty) {
			had := map[queue.Token]queue.Interest{}
			q.each(func(e *queue.Event, _ sys.Handle, r queue.Registration) bool {
				if r.Mode != queue.Edge {
					return true
				}
				old := had[e.Token]
				had[e.Token] |= e.Ready.Directions()
				return without(e, old)
			})
		}, "edge/backlog"},
		{"room is an edge once", func(q *faulty) {
			full := map[sys.Handle]bool{}
			q.wouldBlock = func(h sys.Handle, dir queue.Interest) error {
				q.mu.Lock()
				full[h] = full[h] || dir.Has(queue.Writable)
				q.mu.Unlock()
				return q.Queue.WouldBlock(h, dir)
			}
			q.each(func(e *queue.Event, h sys.Handle, r queue.Registration) bool {
				return r.Mode != queue.Edge || !full[h] || without(e, queue.Writable)
			})
		}, "edge/room"},
		{"would-block of one direction silences the other", func(q *faulty) {
			only := map[sys.Handle]queue.Interest{}
			q.wouldBlock = func(h sys.Handle, dir queue.Interest) error {
				q.mu.Lock()
				only[h] = dir
				q.mu.Unlock()
				return q.Queue.WouldBlock(h, dir)
			}
			q.each(func(e *queue.Event, h sys.Handle, r queue.Registration) bool {
				i, ok := only[h]
				return !ok || r.Interest != queue.Both || i != queue.Readable || without(e, queue.Writable)
			})
		}, "oneshot/other-direction-writing"},
		{"the end is not told", func(q *faulty) {
			q.each(func(e *queue.Event, _ sys.Handle, _ queue.Registration) bool {
				e.Ready &^= queue.ReadyPeerShut
				return true
			})
		}, "edge/half-close"},
		{"one-shot is not switched off", func(q *faulty) {
			level := func(r queue.Registration) queue.Registration {
				if r.Mode == queue.OneShot {
					r.Mode = queue.Level
				}
				return r
			}
			oneShot := map[queue.Token]bool{}
			q.add = func(h sys.Handle, r queue.Registration) error {
				q.mu.Lock()
				oneShot[r.Token] = r.Mode == queue.OneShot
				several := q.most > 1 // then chance decides how often a level is reported
				q.mu.Unlock()
				if several {
					return q.reallyAdd(h, r)
				}
				return q.reallyAdd(h, level(r))
			}
			q.modify = func(h sys.Handle, r queue.Registration) error {
				q.mu.Lock()
				oneShot[r.Token] = r.Mode == queue.OneShot
				several := q.most > 1
				q.mu.Unlock()
				if several {
					return q.reallyModify(h, r)
				}
				return q.reallyModify(h, level(r))
			}
			q.each(func(e *queue.Event, _ sys.Handle, _ queue.Registration) bool {
				if oneShot[e.Token] {
					e.Disarmed = e.Ready.Directions()
				}
				return true
			})
		}, "oneshot/told-once"},
		{"one-shot switches off the handle", func(q *faulty) {
			off := map[sys.Handle]bool{}
			q.modify = func(h sys.Handle, r queue.Registration) error {
				q.mu.Lock()
				delete(off, h)
				q.mu.Unlock()
				return q.reallyModify(h, r)
			}
			q.remove = func(h sys.Handle) error {
				q.mu.Lock()
				delete(off, h)
				q.mu.Unlock()
				return q.reallyRemove(h)
			}
			q.each(func(_ *queue.Event, h sys.Handle, r queue.Registration) bool {
				was := off[h]
				off[h] = r.Mode == queue.OneShot
				return !was
			})
		}, "oneshot/other-direction"},
		{"one-shot is two events", func(q *faulty) {
			q.keep = true
			twice(q, queue.OneShot, func(e queue.Event) { q.stash = append(q.stash, e) })
		}, "oneshot/deleted"},
		{"an edge is two events", func(q *faulty) {
			twice(q, queue.Edge, func(queue.Event) {})
		}, "waiters/edge"},
		{"would-block switches one-shot on", func(q *faulty) {
			q.wouldBlock = func(h sys.Handle, dir queue.Interest) error {
				q.mu.Lock()
				r := q.regs[h]
				q.mu.Unlock()
				if r.Mode == queue.OneShot {
					return q.reallyModify(h, r)
				}
				return q.Queue.WouldBlock(h, dir)
			}
		}, "oneshot/once"},
		{"hang-ups find one-shot switched off", func(q *faulty) {
			off := map[queue.Token]bool{}
			q.each(func(e *queue.Event, _ sys.Handle, r queue.Registration) bool {
				off[e.Token] = r.Mode == queue.OneShot
				return true
			})
			q.wait = func(events []queue.Event, timeout time.Duration) (int, error) {
				n, err := q.reallyWait(events, timeout)
				q.mu.Lock()
				defer q.mu.Unlock()
				if n > 0 || err != nil || len(events) == 0 {
					return n, err
				}
				for h, r := range q.regs {
					fds := []sys.PollFD{{Fd: int32(h)}}
					if hung, _ := sys.Poll(fds, 0); hung > 0 && off[r.Token] {
						events[n] = queue.Event{Token: r.Token, Ready: queue.ReadyHangUp | queue.Ready(r.Interest), Disarmed: r.Interest}
						return 1, nil
					}
				}
				return n, err
			}
		}, "oneshot/hang-up-while-off"},
	}...)
}

// twice reports each event of mode m twice while several Waits are running. Otherwise it passes the
// event to alone.
func twice(q *faulty, m queue.Mode, alone func(queue.Event)) {
	q.events = func(events []queue.Event) []queue.Event {
		all := events
		for _, e := range events {
			switch _, r := q.of(e.Token); {
			case r.Mode != m:
			case q.most > 1:
				all = append(slices.Clip(all), e)
			default:
				alone(e)
			}
		}
		return all
	}
}

// pollMutants wrap poll(2).
func pollMutants() []mutant {
	return []mutant{
		{"would-block is ignored", func(q *faulty) {
			q.wouldBlock = func(h sys.Handle, _ queue.Interest) error { return q.Queue.WouldBlock(h, queue.None) }
		}, "edge/exact-read"},
		{"would-block looks whether it is true", func(q *faulty) {
			q.wouldBlock = func(h sys.Handle, dir queue.Interest) error {
				return q.Queue.WouldBlock(h, dir&^readiness(h))
			}
		}, "edge/arrival-before-would-block"},
		{"would-block waits for more than the end", func(q *faulty) {
			q.wouldBlock = func(h sys.Handle, dir queue.Interest) error {
				if n, _, err := unix.Recvfrom(int(h), make([]byte, 1), unix.MSG_PEEK); n == 0 && err == nil {
					return nil
				}
				return q.Queue.WouldBlock(h, dir)
			}
		}, "edge/end-after-short-read"},
		{"would-block at a mark waits for an edge", func(q *faulty) {
			q.wouldBlock = func(h sys.Handle, dir queue.Interest) error {
				if at, err := unix.IoctlGetInt(int(h), unix.SIOCATMARK); at == 1 && err == nil {
					return nil
				}
				return q.Queue.WouldBlock(h, dir)
			}
		}, "edge/mark-after-short-read"},
		{"exclusive is ignored", func(q *faulty) {
			q.add = func(h sys.Handle, r queue.Registration) error {
				r.Exclusive = false
				return q.reallyAdd(h, r)
			}
		}, "features/exclusive"},
	}
}
