package schedtest

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/sched"
)

// oddChannel is a channel with the methods replaced that are set.
type oddChannel struct {
	*sched.Chan[int]
	send    func(t *sched.Task, v int) error
	recv    func(t *sched.Task) (int, error)
	trySend func(v int) error
	close   func()
	watch   func(honest func(sched.Waker) error, w sched.Waker) error // on either side
	unwatch func(w sched.Waker)
}

func (o *oddChannel) Send(t *sched.Task, v int) error {
	if o.send == nil {
		return o.Chan.Send(t, v)
	}
	return o.send(t, v)
}

func (o *oddChannel) Recv(t *sched.Task) (int, error) {
	if o.recv == nil {
		return o.Chan.Recv(t)
	}
	return o.recv(t)
}

func (o *oddChannel) TrySend(v int) error {
	if o.trySend == nil {
		return o.Chan.TrySend(v)
	}
	return o.trySend(v)
}

func (o *oddChannel) Close() {
	if o.close == nil {
		o.Chan.Close()
		return
	}
	o.close()
}

func (o *oddChannel) WatchRecv(w sched.Waker) error {
	if o.watch == nil {
		return o.Chan.WatchRecv(w)
	}
	return o.watch(o.Chan.WatchRecv, w)
}

func (o *oddChannel) WatchSend(w sched.Waker) error {
	if o.watch == nil {
		return o.Chan.WatchSend(w)
	}
	return o.watch(o.Chan.WatchSend, w)
}

func (o *oddChannel) Unwatch(w sched.Waker) {
	if o.unwatch == nil {
		o.Chan.Unwatch(w)
		return
	}
	o.unwatch(w)
}

func channelled(alter func(o *oddChannel)) func(*operations) {
	return func(ops *operations) {
		ops.channel = func(size int) channel {
			o := &oddChannel{Chan: sched.NewChan[int](size)}
			alter(o)
			return o
		}
	}
}

func chanMutants() []suite.Mutant[*Fixture] {
	const lost = "chan/nothing-lost-races-cancel"
	return []suite.Mutant[*Fixture]{
		mutant("each tenth item of a channel is lost", channelled(func(o *oddChannel) {
			var mu sync.Mutex
			n := 0
			o.recv = func(t *sched.Task) (int, error) {
				v, err := o.Chan.Recv(t)
				mu.Lock()
				n++
				drop := err == nil && n%10 == 0
				mu.Unlock()
				if drop {
					return o.Chan.Recv(t)
				}
				return v, err
			}
		}), lost),
		mutant("the second item of a channel is received before the first", channelled(func(o *oddChannel) {
			var mu sync.Mutex
			var late []int
			o.recv = func(t *sched.Task) (int, error) {
				mu.Lock()
				if n := len(late); n > 0 {
					v := late[0]
					late = nil
					mu.Unlock()
					return v, nil
				}
				mu.Unlock()
				v, err := o.Chan.Recv(t)
				second, none := o.Chan.TryRecv()
				if err != nil || none != nil {
					return v, err
				}
				mu.Lock()
				defer mu.Unlock()
				late = append(late, v)
				return second, nil
			}
		}), "chan/in-order"),
		mutant("Send drops what there is no room for", channelled(func(o *oddChannel) {
			o.send = func(t *sched.Task, v int) error {
				if o.Cap() > 1 && o.Len() == o.Cap() {
					return nil
				}
				return o.Chan.Send(t, v)
			}
		}), "chan/bound"),
		mutant("a channel without room has room for one", func(o *operations) {
			o.channel = func(size int) channel {
				if size == 0 {
					size = 1
				}
				return sched.NewChan[int](size)
			}
		}, "chan/rendezvous"),
		mutant("an item for the first in line goes to the second", channelled(func(o *oddChannel) {
			var held []int
			o.trySend = func(v int) error {
				if o.Cap() > 0 || o.Len() > 0 {
					return o.Chan.TrySend(v)
				}
				held = append(held, v)
				if len(held) < 2 {
					return nil
				}
				err := errors.Join(o.Chan.TrySend(held[1]), o.Chan.TrySend(held[0]))
				held = nil
				return err
			}
		}), "chan/first-come"),
		mutant("Close drops what is in the channel", channelled(func(o *oddChannel) {
			o.close = func() {
				for o.Len() > 0 {
					_, _ = o.TryRecv()
				}
				o.Chan.Close()
			}
		}), "chan/close-drains"),
		mutant("a Send that waits at Close seems to have succeeded", channelled(func(o *oddChannel) {
			var closed atomic.Bool
			o.close = func() {
				closed.Store(true)
				o.Chan.Close()
			}
			o.send = func(t *sched.Task, v int) error {
				before := closed.Load()
				if err := o.Chan.Send(t, v); !errors.Is(err, sched.ErrClosed) || before {
					return err
				}
				return nil
			}
		}), "chan/close-wakes"),
		mutant("a canceled Send seems to have succeeded", channelled(func(o *oddChannel) {
			o.send = func(t *sched.Task, v int) error {
				if err := o.Chan.Send(t, v); !errors.Is(err, sched.ErrCanceled) {
					return err
				}
				return nil
			}
		}), "chan/canceled-send"),
		mutant("a canceled Recv keeps its place", channelled(func(o *oddChannel) {
			o.recv = func(t *sched.Task) (v int, err error) {
				if v, err = o.Chan.TryRecv(); !errors.Is(err, sched.ErrEmpty) {
					return v, err
				}
				canceled := t.Suspend(func(resume func()) {
					_ = t.Go(context.Background(), "in line", func(c *sched.Task) error {
						defer resume()
						v, err = o.Chan.Recv(c)
						return nil
					})
				})
				if canceled != nil {
					return 0, canceled
				}
				return v, err
			}
		}), "chan/canceled-recv"),
		mutant("misuse of a channel goes unnoticed", func(o *operations) {
			o.channel = func(size int) channel { return sched.NewChan[int](max(0, size)) }
		}, "chan/misuse"),
		mutant("watchers of a channel are told nothing", channelled(func(o *oddChannel) {
			o.watch = func(func(sched.Waker) error, sched.Waker) error { return nil }
		}), "chan/watch-by-a-handler"),
		mutant("a channel has room for any number of watchers", channelled(func(o *oddChannel) {
			o.watch = func(honest func(sched.Waker) error, w sched.Waker) error {
				if err := honest(w); !errors.Is(err, sched.ErrFull) {
					return err
				}
				return nil
			}
		}), "chan/watchers-bound"),
		mutant("who has left a channel is told", channelled(func(o *oddChannel) {
			o.unwatch = func(sched.Waker) {}
		}), "chan/unwatch"),
	}
}
