package streamtest

import (
	"sync/atomic"
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/sys"
)

// call runs f where Wait may be called.
func call[R any](w *world, what string, f func() R) *pending[R] {
	p := &pending[R]{w: w, what: what, done: make(chan R, 1)}
	w.runs(what, 1)
	w.f.Go(what, func() {
		g := suite.CurrentGoroutine()
		p.caller.Store(&g)
		r := f()
		w.runs(what, -1)
		p.done <- r
	})
	return p
}

// runs counts calls.
func (w *world) runs(what string, change int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.calls == nil {
		w.calls = map[string]int{}
	}
	if w.calls[what] += change; w.calls[what] == 0 {
		delete(w.calls, what)
	}
}

// pending is a running call.
type pending[R any] struct {
	w      *world
	what   string
	caller atomic.Pointer[suite.Goroutine] // nil until the call begins
	done   chan R
}

// suspended reports whether the call is in a wait in direction d and off the processor. No other
// call of the case may wait in that direction. A call that is runnable, and only lacks a processor,
// is not suspended.
func (p *pending[R]) suspended(d sys.Direction) bool {
	n := p.w.waits(d)
	inWait := func() bool { return p.w.spy.inside[d].Load() == 1 && p.w.waits(d) == n }
	caller := p.caller.Load()
	return caller != nil && inWait() && caller.OffProcessor() && inWait()
}

// get waits for the result. Only the goroutine of the case calls it.
func (p *pending[R]) get() R {
	p.w.Helper()
	return await(p.w, p.what, p.done)
}

// await receives from c. It ends the case as hung if, for the patience of the case, no wait begins
// and no registration is opened or closed.
func await[R any](w *world, what string, c <-chan R) R {
	w.Helper()
	begun := time.Now()
	timer := time.NewTimer(w.Patience())
	defer timer.Stop()
	for {
		select {
		case r := <-c:
			return r
		case <-w.Context().Done():
			w.Hang("%s, while waits keep beginning", what)
		case <-timer.C:
		}
		idle := min(time.Since(begun), w.spy.idle())
		if idle >= w.Patience() {
			w.Hang("%s", what)
		}
		timer.Reset(w.Patience() - idle)
	}
}
