package queuetest

import (
	"errors"
	"math"
	"syscall"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// mutant is a queue with one rule broken and the case that must report it.
type mutant struct {
	name    string
	change  func(q *faulty)
	detects string
}

// tolerate turns failures with err into successes.
func tolerate(q *faulty, err error) {
	pass := func(got error) error {
		if errors.Is(got, err) {
			return nil
		}
		return got
	}
	q.add = func(h sys.Handle, r queue.Registration) error { return pass(q.reallyAdd(h, r)) }
	q.modify = func(h sys.Handle, r queue.Registration) error { return pass(q.reallyModify(h, r)) }
	q.remove = func(h sys.Handle) error { return pass(q.reallyRemove(h)) }
}

func registrationMutants() []mutant {
	return []mutant{
		{"a second add replaces the first", func(q *faulty) {
			q.add = func(h sys.Handle, r queue.Registration) error {
				if err := q.reallyAdd(h, r); !errors.Is(err, queue.ErrExists) {
					return err
				}
				return q.reallyModify(h, r)
			}
		}, "add/twice"},
		{"unknown handles are fine", func(q *faulty) { tolerate(q, queue.ErrNotFound) }, "add/regular-file"},
		{"regular files are silent", func(q *faulty) { tolerate(q, queue.ErrNotPollable) }, "foreign/directory"},
		{"closed handles are silent", func(q *faulty) { tolerate(q, syscall.EBADF) }, "add/closed-handle"},
		{"modes are not checked", func(q *faulty) {
			q.add = func(h sys.Handle, r queue.Registration) error {
				r.Mode, r.Interest = min(r.Mode, queue.OneShot), r.Interest&queue.Both
				return q.reallyAdd(h, r)
			}
		}, "add/invalid"},
		{"an add that failed leaves an entry", func(q *faulty) {
			failed := map[sys.Handle]bool{}
			q.add = func(h sys.Handle, r queue.Registration) error {
				err := q.reallyAdd(h, r)
				q.mu.Lock()
				failed[h] = err != nil && !errors.Is(err, queue.ErrClosed) && !errors.Is(err, queue.ErrExists) && !errors.Is(err, queue.ErrInvalid)
				q.mu.Unlock()
				return err
			}
			q.remove = func(h sys.Handle) error {
				q.mu.Lock()
				entered := failed[h]
				q.mu.Unlock()
				if entered {
					return nil
				}
				return q.reallyRemove(h)
			}
		}, "foreign/device"},
		{"the table has 32 entries", func(q *faulty) {
			q.each(func(_ *queue.Event, _ sys.Handle, r queue.Registration) bool {
				return r.Token < 32 || len(q.regs) < 40
			})
		}, "add/many"},
		{"no interest is any interest", func(q *faulty) {
			q.modify = func(h sys.Handle, r queue.Registration) error {
				if r.Interest == queue.None {
					r.Interest = queue.Both
				}
				return q.reallyModify(h, r)
			}
		}, "interest/none"},
		{"ready for everything", func(q *faulty) {
			q.each(func(e *queue.Event, _ sys.Handle, _ queue.Registration) bool {
				e.Ready |= queue.Ready(queue.Both)
				return true
			})
		}, "interest/only"},
		{"modify adds to the interest", func(q *faulty) {
			q.modify = func(h sys.Handle, r queue.Registration) error {
				q.mu.Lock()
				if old, ok := q.regs[h]; ok && r.Interest != queue.None {
					r.Interest |= old.Interest
				}
				q.mu.Unlock()
				return q.reallyModify(h, r)
			}
		}, "interest/switch"},
		{"one token is reserved", func(q *faulty) {
			q.each(func(e *queue.Event, _ sys.Handle, _ queue.Registration) bool { return e.Token != math.MaxUint64 })
		}, "token/any"},
		{"tokens have 32 bits", func(q *faulty) {
			q.each(func(e *queue.Event, _ sys.Handle, _ queue.Registration) bool {
				e.Token &= math.MaxUint32
				return true
			})
		}, "token/any"},
		{"edges share one registration", func(q *faulty) {
			q.each(func(e *queue.Event, _ sys.Handle, r queue.Registration) bool {
				for _, other := range q.regs {
					if r.Mode == queue.Edge && other.Mode == queue.Edge && other.Interest == queue.Readable {
						e.Token = max(e.Token, other.Token)
					}
				}
				return true
			})
		}, "token/collected"},
		{"modify keeps the token", func(q *faulty) {
			q.modify = func(h sys.Handle, r queue.Registration) error {
				q.mu.Lock()
				if old, ok := q.regs[h]; ok {
					r.Token = old.Token
				}
				q.mu.Unlock()
				return q.reallyModify(h, r)
			}
		}, "level/modify"},
		{"modify does not look again", modifyDoesNotLook, "edge/modify"},
		{"exclusive cannot be modified", func(q *faulty) {
			q.modify = func(h sys.Handle, r queue.Registration) error {
				if r.Exclusive {
					return syscall.EINVAL
				}
				return q.reallyModify(h, r)
			}
		}, "features/exclusive"},
		{"features grow", func(q *faulty) {
			real, calls := q.features, 0
			q.features = func() queue.Features {
				f := real()
				f.Exclusive = f.Exclusive && calls == 0
				calls++
				return f
			}
		}, "features/claimed"},
		{"the handle is another", func(q *faulty) {
			q.handle = func() sys.Handle {
				h, other, err := sys.Pipe()
				if err != nil {
					return sys.Invalid
				}
				real := q.shut
				q.shut = func() error { return errors.Join(real(), sys.Close(h), sys.Close(other)) }
				q.handle = func() sys.Handle { return h }
				return h
			}
		}, "features/nested-wake"},
		{"deletes nothing", func(q *faulty) {
			q.remove = func(h sys.Handle) error {
				q.mu.Lock()
				defer q.mu.Unlock()
				if _, ok := q.regs[h]; !ok {
					return q.Queue.Delete(h)
				}
				delete(q.regs, h)
				return q.Queue.WouldBlock(h, queue.None) // reports whether the queue is closed
			}
			q.add = func(h sys.Handle, r queue.Registration) error {
				q.mu.Lock()
				_, registered := q.regs[h]
				q.mu.Unlock()
				if !registered {
					_ = q.Queue.Delete(h)
				}
				return q.reallyAdd(h, r)
			}
		}, "add/unknown"},
		{"the next handle gets an event of a deleted one", func(q *faulty) {
			var old []queue.Token // guarded by mu
			q.remove = func(h sys.Handle) error {
				q.mu.Lock()
				if r, ok := q.regs[h]; ok {
					old = []queue.Token{r.Token}
				}
				q.mu.Unlock()
				return q.reallyRemove(h)
			}
			q.add = func(h sys.Handle, r queue.Registration) error {
				err := q.reallyAdd(h, r)
				q.mu.Lock()
				defer q.mu.Unlock()
				if len(old) > 0 && err == nil {
					q.stash = append(q.stash, queue.Event{Token: old[0], Ready: queue.Ready(queue.Readable)})
				}
				return err
			}
			q.keep = true
		}, "delete/number-reused"},
		{"a deleted handle cannot come back", func(q *faulty) {
			deleted := map[sys.Handle]int{}
			q.remove = func(h sys.Handle) error {
				err := q.reallyRemove(h)
				q.mu.Lock()
				defer q.mu.Unlock()
				if err == nil {
					deleted[h]++
				}
				return err
			}
			q.each(func(_ *queue.Event, h sys.Handle, _ queue.Registration) bool { return deleted[h] == 0 })
		}, "delete/add-again"},
		{"a batch outlives delete", func(q *faulty) {
			q.keep = true
			q.wait = prefetching(q)
		}, "delete/in-batch"},
		{"a duplicate is registered", registersDuplicates, "delete/after-close"},
	}
}

// modifyDoesNotLook drops readiness that existed when Modify was called.
func modifyDoesNotLook(q *faulty) {
	old := map[sys.Handle]queue.Interest{}
	q.modify = func(h sys.Handle, r queue.Registration) error {
		q.mu.Lock()
		if r.Mode != queue.Level {
			old[h] = readiness(h)
		}
		q.mu.Unlock()
		return q.reallyModify(h, r)
	}
	q.each(func(e *queue.Event, h sys.Handle, _ queue.Registration) bool {
		missed := old[h]
		delete(old, h)
		return without(e, missed)
	})
}

// registersDuplicates registers a duplicate of each handle, which stays open after the handle is
// closed.
func registersDuplicates(q *faulty) {
	duplicates := map[sys.Handle]sys.Handle{}
	real := q.Queue
	q.add = func(h sys.Handle, r queue.Registration) error {
		q.mu.Lock()
		defer q.mu.Unlock()
		if _, ok := duplicates[h]; ok {
			return queue.ErrExists
		}
		if h > math.MaxInt16 {
			return real.Add(h, r) // EBADF
		}
		fd, err := syscall.Dup(int(h))
		if err != nil {
			return err
		}
		if err := real.Add(sys.Handle(fd), r); err != nil {
			return errors.Join(err, sys.Close(sys.Handle(fd)))
		}
		duplicates[h] = sys.Handle(fd)
		return nil
	}
	at := func(h sys.Handle) sys.Handle {
		if d, ok := duplicates[h]; ok {
			return d
		}
		return h
	}
	q.modify = func(h sys.Handle, r queue.Registration) error {
		q.mu.Lock()
		defer q.mu.Unlock()
		return real.Modify(at(h), r)
	}
	q.remove = func(h sys.Handle) error {
		q.mu.Lock()
		defer q.mu.Unlock()
		if err := real.Delete(at(h)); err != nil {
			return err
		}
		err := sys.Close(at(h))
		delete(duplicates, h)
		return err
	}
	q.shut = func() error {
		q.mu.Lock()
		defer q.mu.Unlock()
		err := real.Close()
		for h, d := range duplicates {
			err = errors.Join(err, sys.Close(d))
			delete(duplicates, h)
		}
		return err
	}
}
