package streamtest

import "time"

// call runs f where Wait may be called.
func call[R any](w *world, what string, f func() R) *pending[R] {
	p := &pending[R]{w: w, what: what, done: make(chan R, 1)}
	w.runs(what, 1)
	w.f.Go(what, func() {
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
	w    *world
	what string
	done chan R
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
