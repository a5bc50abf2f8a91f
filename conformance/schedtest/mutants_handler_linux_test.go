package schedtest

import (
	"errors"
	"sync"
	"sync/atomic"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/sys"
)

// unheard drops, for every handler, the causes for which deaf returns true.
func unheard(deaf func(c sched.Cause) bool) func(*operations) {
	return handledOddly(func(o *oddHandler, _ *sched.Loop, _ sys.Handle) {
		o.step = func(t sched.HandlerTask, c sched.Cause) sched.Next {
			if !deaf(c) {
				o.last = o.Handler.Step(t, c)
			}
			return o.last
		}
	})
}

func handlerMutants() []suite.Mutant[*Fixture] {
	var wakes, readies atomic.Int32
	return []suite.Mutant[*Fixture]{
		mutant("calls Step once more at the start", handledOddly(func(o *oddHandler, _ *sched.Loop, _ sys.Handle) {
			o.step = func(t sched.HandlerTask, c sched.Cause) sched.Next {
				if c == sched.Started {
					o.Handler.Step(t, c)
				}
				return o.Handler.Step(t, c)
			}
		}), "handler/starts"),
		mutant("calls End twice", handledOddly(func(o *oddHandler, _ *sched.Loop, _ sys.Handle) {
			o.end = func(err error) {
				o.Handler.End(err)
				o.Handler.End(err)
			}
		}), "handler/ends-once"),
		mutant("does not hear of readiness now and then", unheard(func(c sched.Cause) bool {
			return c == sched.Ready && readies.Add(1)%20 == 0
		}), "handler/ready"),
		mutant("swallows the panic of a step", handledOddly(func(o *oddHandler, _ *sched.Loop, _ sys.Handle) {
			o.step = func(t sched.HandlerTask, c sched.Cause) (next sched.Next) {
				defer func() {
					if recover() != nil {
						next = sched.Done(nil)
					}
				}()
				return o.Handler.Step(t, c)
			}
		}), "handler/panic-in-step"),
		mutant("swallows the panic of End", handledOddly(func(o *oddHandler, _ *sched.Loop, _ sys.Handle) {
			o.end = func(err error) {
				defer func() { _ = recover() }()
				o.Handler.End(err)
			}
		}), "handler/panic-in-end"),
		mutant("does not hear that its time is up", unheard(func(c sched.Cause) bool { return c == sched.Expired }), "handler/within"),
		mutant("a Wake is lost now and then", func(o *operations) {
			o.wake = func(t sched.HandlerTask) {
				if wakes.Add(1)%50 != 0 {
					t.Wake()
				}
			}
		}, "handler/wake"),
		mutant("a Wake is heard by who came last as well", func(o *operations) {
			var last sync.Map
			o.handle = func(l *sched.Loop, h sys.Handle, handler sched.Handler) (sched.HandlerTask, error) {
				t, err := l.StartHandler(h, handler)
				last.Store(l, t)
				return t, err
			}
			o.wake = func(t sched.HandlerTask) {
				t.Wake()
				if t, ok := last.Load(t.Loop()); ok {
					t.(sched.HandlerTask).Wake()
				}
			}
		}, "handler/wake-after-end"),
		mutant("Again holds the loop", handledOddly(func(o *oddHandler, _ *sched.Loop, _ sys.Handle) {
			o.step = func(t sched.HandlerTask, c sched.Cause) sched.Next {
				next := o.Handler.Step(t, c)
				for next == sched.Again() {
					next = o.Handler.Step(t, sched.Resumed)
				}
				return next
			}
		}), "handler/again"),
		mutant("drops handlers at the bound", func(o *operations) {
			o.handle = func(l *sched.Loop, h sys.Handle, handler sched.Handler) (sched.HandlerTask, error) {
				t, err := l.StartHandler(h, handler)
				if errors.Is(err, sched.ErrFull) {
					return t, nil
				}
				return t, err
			}
		}, "handler/bound"),
		mutant("keeps the handle registered", handledOddly(func(o *oddHandler, l *sched.Loop, h sys.Handle) {
			o.end = func(err error) {
				const nobody = ^queue.Token(0)
				// An error ends the loop, and nothing reads the queue after that.
				_ = l.Queue().Add(h, queue.Registration{Token: nobody, Mode: queue.Edge})
				o.Handler.End(err)
			}
		}), "handler/handle-is-free"),
		mutant("is told twice that the loop drains", handledOddly(func(o *oddHandler, _ *sched.Loop, _ sys.Handle) {
			o.step = func(t sched.HandlerTask, c sched.Cause) sched.Next {
				if c == sched.Draining {
					o.Handler.Step(t, c)
				}
				return o.Handler.Step(t, c)
			}
		}), "drain/handlers-are-told"),
	}
}
