package schedtest

import (
	"runtime"
	"sync/atomic"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/sched"
)

// oddBridge is a bridge with the methods replaced that are set.
type oddBridge struct {
	*sched.Bridge[int]
	recv  func(t *sched.Task) (int, error)
	watch func(w sched.Waker) error
	stop  func()
}

func (o *oddBridge) Recv(t *sched.Task) (int, error) {
	if o.recv == nil {
		return o.Bridge.Recv(t)
	}
	return o.recv(t)
}

func (o *oddBridge) WatchRecv(w sched.Waker) error {
	if o.watch == nil {
		return o.Bridge.WatchRecv(w)
	}
	return o.watch(w)
}

func (o *oddBridge) Stop() {
	if o.stop == nil {
		o.Bridge.Stop()
		return
	}
	o.stop()
}

func bridged(alter func(o *oddBridge)) func(*operations) {
	return func(ops *operations) {
		ops.bridge = func(from <-chan int, size int) bridge {
			o := &oddBridge{Bridge: sched.NewBridge(from, size)}
			alter(o)
			return o
		}
	}
}

func bridgeMutants() []suite.Mutant[*Fixture] {
	return []suite.Mutant[*Fixture]{
		mutant("each tenth item of a bridge is lost", bridged(func(o *oddBridge) {
			var n atomic.Int32
			o.recv = func(t *sched.Task) (int, error) {
				v, err := o.Bridge.Recv(t)
				if err == nil && n.Add(1)%10 == 0 {
					return o.Bridge.Recv(t)
				}
				return v, err
			}
		}), "bridge/in-order"),
		mutant("a bridge holds one item more than it should", func(o *operations) {
			o.bridge = func(from <-chan int, size int) bridge {
				b := sched.NewBridge(from, size+1)
				full, received := cap(from), 0 // a channel with room is full at first
				return &oddBridge{Bridge: b, recv: func(t *sched.Task) (int, error) {
					v, err := b.Recv(t)
					received++
					// The bridge fills its room before the case counts.
					for want := min(received+size+1, full); full-len(from) < want && !closed(b.Done()); {
						runtime.Gosched()
					}
					return v, err
				}}
			}
		}, "bridge/bound"),
		mutant("a bridge without room has room for one", func(o *operations) {
			o.bridge = func(from <-chan int, size int) bridge { return sched.NewBridge(from, max(1, size)) }
		}, "bridge/misuse"),
		mutant("Stop drops what a bridge has taken", bridged(func(o *oddBridge) {
			o.stop = func() {
				o.Bridge.Stop()
				<-o.Done()
				for _, err := o.TryRecv(); err == nil; _, err = o.TryRecv() {
					continue
				}
			}
		}), "bridge/stop"),
		mutant("who watches a bridge is told nothing", bridged(func(o *oddBridge) {
			o.watch = func(sched.Waker) error { return nil }
		}), "bridge/watch"),
	}
}
