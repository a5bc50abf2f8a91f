// Package try checks the results of operations that never block.
package try

import (
	"errors"
	"fmt"
)

// CheckMoved panics if a TryReader or TryWriter counts more bytes than it was passed. Continuing
// would lose or invent bytes.
func CheckMoved(n, room int) {
	if n < 0 || n > room {
		panic(fmt.Sprintf("bufstrategy: TryReader or TryWriter: passed %d bytes, but it reports %d", room, n))
	}
}

// wouldBlocker is an error that can report that the operation would have blocked.
type wouldBlocker interface {
	error
	WouldBlock() bool
}

// WouldBlock reports whether err, or an error that it wraps, reports that the operation would have
// blocked.
func WouldBlock(err error) bool {
	// The direct assertion comes first: nearly every Fill ends with would-block, and walking the
	// error chain costs more.
	if w, ok := err.(wouldBlocker); ok {
		return w.WouldBlock()
	}
	w, ok := errors.AsType[wouldBlocker](err)
	return ok && w.WouldBlock()
}
