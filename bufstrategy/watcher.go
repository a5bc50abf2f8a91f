package bufstrategy

import "reflect"

// Watcher is told when a buffer crosses its watermarks: to stop the producer, and to start it
// again.
type Watcher interface {
	// Crossed is called exactly once at each crossing: with true when Len reaches the high
	// watermark, with false when it falls to the low one. It is called by the call of the buffer
	// that crossed, on its goroutine, when all else that the call does is done. Release of a buffer
	// that was paused is a crossing, too. A MoveFrom changes both sides before it calls the Watcher
	// of either.
	//
	// Crossed may call Len, Limit, Paused and Stats of b, and of the other side of a MoveFrom, and
	// nothing else of theirs.
	Crossed(b Buffer, paused bool)
}

// WatcherFunc is a function that is a Watcher. Where thousands of Shareds have one Watcher a
// pointer serves them better: pointers can be compared, functions cannot, and so each PerLoop with
// a function costs a second object of at most 64 bytes.
type WatcherFunc func(b Buffer, paused bool)

// Crossed calls f.
func (f WatcherFunc) Crossed(b Buffer, paused bool) { f(b, paused) }

// watch makes the crossings of b, of which a is the account, known to w. nil means nobody.
func (a *account) watch(b Buffer, w Watcher) {
	if w != nil {
		a.crossed = func(paused bool) { w.Crossed(b, paused) }
	}
}

// comparableWatcher reports that to compare w with another cannot panic. What is no pointer may
// hold what cannot be compared.
func comparableWatcher(w Watcher) bool {
	return w == nil || reflect.TypeOf(w).Kind() == reflect.Pointer
}
