package bufstrategy

import "reflect"

// Watcher is notified when a buffer crosses a watermark, to stop the producer and to start it
// again.
type Watcher interface {
	// Crossed is called exactly once at each crossing: with true when Len reaches the high
	// watermark, with false when Len falls to the low one. The buffer method that crossed the
	// watermark calls it, on the goroutine of that method, after all its other work. Release of a
	// paused buffer is also a crossing. MoveFrom changes both sides before it calls the Watcher of
	// either.
	//
	// Crossed may call Len, Limit, Paused and Stats of b, and of the other side of a MoveFrom. It
	// must not call any other method of either.
	Crossed(b Buffer, paused bool)
}

// WatcherFunc is a function that implements Watcher. If thousands of PerLoops share one Watcher,
// use a pointer instead. Pointers can be compared and functions cannot, so each PerLoop with a
// function costs a second object of at most 64 bytes.
type WatcherFunc func(b Buffer, paused bool)

// Crossed calls f.
func (f WatcherFunc) Crossed(b Buffer, paused bool) { f(b, paused) }

// watch registers w for the crossings of b, whose account is a. A nil w registers nothing.
func (a *account) watch(b Buffer, w Watcher) {
	if w != nil {
		a.crossed = func(paused bool) { w.Crossed(b, paused) }
	}
}

// comparableWatcher reports whether comparing w with another Watcher cannot panic. A value that is
// not a pointer may hold something that cannot be compared.
func comparableWatcher(w Watcher) bool {
	return w == nil || reflect.TypeOf(w).Kind() == reflect.Pointer
}
