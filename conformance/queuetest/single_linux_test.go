package queuetest

import (
	"errors"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/iouring"
)

// pinned makes all calls of Wait on one goroutine, which is locked to its thread. It is what a
// queue with one waiter asks of its caller. A Wait passes its arguments to that goroutine, one at a
// time.
type pinned struct {
	queue.Completer
	calls  chan *call
	closed chan struct{}
	once   sync.Once
	unused sync.Pool
}

// call is a Wait.
type call struct {
	events  []queue.Event
	timeout time.Duration
	n       int
	err     error
	done    chan struct{}
}

func pin(q queue.Completer) queue.Queue {
	p := &pinned{Completer: q, calls: make(chan *call), closed: make(chan struct{})}
	p.unused.New = func() any { return &call{done: make(chan struct{}, 1)} }
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the queue
		for {
			select {
			case c := <-p.calls:
				c.n, c.err = q.Wait(c.events, c.timeout)
				c.done <- struct{}{}
			case <-p.closed:
				return
			}
		}
	}()
	return p
}

func (p *pinned) Wait(events []queue.Event, timeout time.Duration) (int, error) {
	c := p.unused.Get().(*call)
	defer p.unused.Put(c)
	c.events, c.timeout = events, timeout
	select {
	case p.calls <- c:
		<-c.done
		return c.n, c.err
	case <-p.closed:
		return p.Completer.Wait(events, timeout) // returns ErrClosed
	}
}

func (p *pinned) Close() error {
	err := p.Completer.Close()
	p.once.Do(func() { close(p.closed) })
	return err
}

func singleTarget(waker string) Target {
	target := iouringTarget(waker)
	target.Name = "iouring+single+" + waker
	target.Features.Nested = false
	target.OneWaiter = true
	target.Open = func() (queue.Queue, error) {
		q, err := iouring.New(iouring.Options{Waker: waker, SingleWaiter: true})
		if err != nil {
			return nil, err
		}
		if q.Features().Nested {
			return nil, errors.Join(errors.ErrUnsupported, q.Close()) // the kernel has no such rings
		}
		return pin(q), nil
	}
	return target
}

func TestIoUringSingleEventfd(t *testing.T) { Run(t, singleTarget("eventfd")) }
func TestIoUringSinglePipe(t *testing.T)    { runReadiness(t, singleTarget("pipe")) }
