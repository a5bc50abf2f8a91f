package schedtest

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/sys"
)

// oddTransfer replaces the methods that are set.
type oddTransfer struct {
	sched.Transfer
	read  func(p []byte) (int, error)
	write func(p []byte) (int, error)
	stop  func() bool
	close func()
}

func (o *oddTransfer) TryRead(p []byte) (int, error) {
	if o.read != nil {
		return o.read(p)
	}
	return o.Transfer.TryRead(p)
}

func (o *oddTransfer) TryWrite(p []byte) (int, error) {
	if o.write != nil {
		return o.write(p)
	}
	return o.Transfer.TryWrite(p)
}

func (o *oddTransfer) Stop() bool {
	if o.stop != nil {
		return o.stop()
	}
	return o.Transfer.Stop()
}

func (o *oddTransfer) Close() {
	if o.close != nil {
		o.close()
		return
	}
	o.Transfer.Close()
}

// movedOddly applies alter to every Transfer.
func movedOddly(alter func(o *oddTransfer)) func(*operations) {
	return func(ops *operations) {
		ops.transfer = func(t sched.HandlerTask) sched.Transfer {
			under := t.Transfer()
			if under == nil {
				return nil
			}
			o := &oddTransfer{Transfer: under}
			alter(o)
			return o
		}
	}
}

// moving is a mutant whose loop moves bytes by operations.
func moving(name string, alter func(*operations), detects string) suite.Mutant[*Fixture] {
	return mutantOf(completing(mechanism{"poll", openPoll}, single, queue.Edge), name, alter, detects)
}

// movingTogether is moving with several workers.
func movingTogether(name string, alter func(*operations), detects string) suite.Mutant[*Fixture] {
	return mutantOf(completing(mechanism{"poll", openPoll}, sharedBy(2, "shared"), queue.Edge), name, alter, detects)
}

func transferMutants() []suite.Mutant[*Fixture] {
	return []suite.Mutant[*Fixture]{
		moving("a long read of a transfer changes two bytes", movedOddly(func(o *oddTransfer) {
			o.read = func(p []byte) (int, error) {
				n, err := o.Transfer.TryRead(p)
				if n > 1<<10 {
					p[0], p[n-1] = p[n-1], p[0]
				}
				return n, err
			}
		}), "transfer/in-order"),
		moving("a transfer makes nothing ready", unheard(func(c sched.Cause) bool { return c == sched.Ready }), "transfer/would-block"),
		moving("the end of a transfer is read once", movedOddly(func(o *oddTransfer) {
			ended := false
			o.read = func(p []byte) (int, error) {
				if ended {
					return 0, sys.ErrWouldBlock
				}
				n, err := o.Transfer.TryRead(p)
				ended = err == io.EOF
				return n, err
			}
		}), "transfer/end-of-stream"),
		moving("a reset ends a transfer like the peer's end", movedOddly(func(o *oddTransfer) {
			o.read = func(p []byte) (int, error) {
				n, err := o.Transfer.TryRead(p)
				if sys.ClassOf(err) == sys.ClassDisconnected {
					err = io.EOF
				}
				return n, err
			}
		}), "transfer/reset"),
		moving("a step for another reason drops what has come", func(ops *operations) {
			var begun sync.Map // of Transfer, by HandlerTask
			ops.transfer = func(t sched.HandlerTask) sched.Transfer {
				under := t.Transfer()
				begun.Store(t, under)
				return under
			}
			handledOddly(func(o *oddHandler, _ *sched.Loop, _ sys.Handle) {
				o.step = func(t sched.HandlerTask, c sched.Cause) sched.Next {
					if under, ok := begun.Load(t); ok && c == sched.Woken {
						_, _ = under.(sched.Transfer).TryRead(make([]byte, 1))
					}
					return o.Handler.Step(t, c)
				}
			})(ops)
		}, "transfer/other-causes"),
		moving("Again holds a loop that transfers", handledOddly(func(o *oddHandler, _ *sched.Loop, _ sys.Handle) {
			o.step = func(t sched.HandlerTask, c sched.Cause) sched.Next {
				next := o.Handler.Step(t, c)
				for next == sched.Again() {
					next = o.Handler.Step(t, sched.Resumed)
				}
				return next
			}
		}), "transfer/again"),
		moving("a handler too many is dropped", func(ops *operations) {
			ops.handle = func(l *sched.Loop, h sys.Handle, handler sched.Handler) (sched.HandlerTask, error) {
				t, err := l.StartHandler(h, handler)
				if errors.Is(err, sched.ErrFull) {
					return t, nil
				}
				return t, err
			}
		}, "transfer/bound"),
		moving("a transfer has stopped as soon as it is asked", movedOddly(func(o *oddTransfer) {
			o.stop = func() bool { return true }
		}), "transfer/stop"),
		moving("a handler gets its transfer twice", func(ops *operations) {
			var begun sync.Map // of Transfer, by HandlerTask
			ops.transfer = func(t sched.HandlerTask) sched.Transfer {
				if under := t.Transfer(); under != nil {
					begun.Store(t, under)
					return under
				}
				under, _ := begun.Load(t)
				return under.(sched.Transfer)
			}
		}, "transfer/refused"),
		mutant("a refused transfer takes the handle from the queue", func(ops *operations) {
			var handles sync.Map // of sys.Handle, by HandlerTask
			ops.handle = func(l *sched.Loop, h sys.Handle, handler sched.Handler) (sched.HandlerTask, error) {
				t, err := l.StartHandler(h, handler)
				handles.Store(t, h)
				return t, err
			}
			ops.transfer = func(t sched.HandlerTask) sched.Transfer {
				h, _ := handles.Load(t)
				_ = t.Loop().Queue().Delete(h.(sys.Handle)) // an error shows in the case too
				return nil
			}
		}, "transfer/refused"),
		mutant("the loop runs without the operations that it was asked for", func(ops *operations) {
			ops.options = func(o sched.Options) sched.Options {
				o.Completions = false
				return o
			}
		}, "transfer/no-operations"),
	}
}

func transferEndMutants() []suite.Mutant[*Fixture] {
	return []suite.Mutant[*Fixture]{
		moving("a panic ends no transfer", handledOddly(func(o *oddHandler, _ *sched.Loop, _ sys.Handle) {
			o.end = func(err error) {
				var p *sched.PanicError
				if !errors.As(err, &p) {
					o.Handler.End(err)
				}
			}
		}), "transfer/panic"),
		moving("a handler that takes the place of another one is woken for it", func(ops *operations) {
			var last atomic.Pointer[sched.HandlerTask]
			handledOddly(func(o *oddHandler, _ *sched.Loop, _ sys.Handle) {
				o.end = func(err error) {
					o.Handler.End(err)
					if t := last.Load(); t != nil {
						t.Wake()
					}
				}
			})(ops)
			handle := ops.handle
			ops.handle = func(l *sched.Loop, h sys.Handle, handler sched.Handler) (sched.HandlerTask, error) {
				t, err := handle(l, h, handler)
				last.Store(&t)
				return t, err
			}
		}, "transfer/next-handler"),
		moving("a closed transfer drops the last bytes that it has taken", movedOddly(func(o *oddTransfer) {
			o.write = func(p []byte) (int, error) {
				if len(p) <= 1000 {
					_, err := o.Transfer.TryWrite(nil)
					return len(p), err
				}
				return o.Transfer.TryWrite(p)
			}
		}), "transfer/drain"),
		movingTogether("what End writes is dropped", func(ops *operations) {
			var ends sync.Map // of true, by HandlerTask
			handledOddly(func(o *oddHandler, _ *sched.Loop, _ sys.Handle) {
				var task sched.HandlerTask
				o.step = func(t sched.HandlerTask, c sched.Cause) sched.Next {
					task = t
					return o.Handler.Step(t, c)
				}
				o.end = func(err error) {
					ends.Store(task, true)
					o.Handler.End(err)
				}
			})(ops)
			ops.transfer = func(t sched.HandlerTask) sched.Transfer {
				under := t.Transfer()
				if under == nil {
					return nil
				}
				return &oddTransfer{Transfer: under, write: func(p []byte) (int, error) {
					if _, ok := ends.Load(t); ok {
						return len(p), nil
					}
					return under.TryWrite(p)
				}}
			}
		}, "transfer/last-words"),
		moving("Shutdown waits for peers that do not read", func(ops *operations) {
			ops.shutdown = func(s sched.Scheduler, ctx context.Context) error {
				s.Drain()
				return context.Cause(ctx)
			}
		}, "transfer/cancel"),
		moving("a handler that transfers does not end with the queue", handledOddly(func(o *oddHandler, _ *sched.Loop, _ sys.Handle) {
			o.end = func(err error) {
				if !errors.Is(err, sched.ErrStopped) {
					o.Handler.End(err)
				}
			}
		}), "transfer/queue-fails"),
	}
}
