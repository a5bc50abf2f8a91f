package stream

import (
	"errors"
	"syscall"
	"time"

	"github.com/edgewise-go/edgewise/sys"
)

// transientMax bounds how many transient errors in a row accepting passes over at once. Each took
// one connection off the queue, or should have; more than that without a connection between them
// are treated like exhaustion, so that an error that stays cannot spin.
const transientMax = 64

// The bounds of the delay after an exhausted accept; it doubles from the first to the second.
const (
	acceptDelayMin = 5 * time.Millisecond
	acceptDelayMax = time.Second
)

// Transient reports whether err, from accepting, is about the one connection that was at the head
// of the queue, which is gone. The next one may be accepted at once. These are the errors that
// accept(2) says to treat so, and the firewall's EPERM.
func Transient(err error) bool {
	switch sys.ClassOf(err) {
	case sys.ClassInterrupted, sys.ClassUnreachable, sys.ClassDisconnected:
		return true
	}
	for _, e := range transientErrors {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

var transientErrors = [...]error{
	syscall.EPROTO, syscall.ENOPROTOOPT, syscall.EOPNOTSUPP, syscall.EPERM, errNoNet,
}

// Exhausted reports whether err, from accepting, says that the process or the system has no
// descriptor or memory left. The connection stays in the queue, where it keeps the listener ready:
// accepting again without a pause would spin.
func Exhausted(err error) bool {
	switch sys.ClassOf(err) {
	case sys.ClassOutOfDescriptors, sys.ClassOutOfMemory:
		return true
	}
	return false
}

// recovery paces accepting after errors that a listener survives. The zero value is that of a
// listener in good health.
type recovery struct {
	transient int
	delay     time.Duration
}

// next returns how long to pause after err, and whether the listener survives it.
func (r *recovery) next(err error) (time.Duration, bool) {
	switch {
	case Transient(err) && r.transient < transientMax:
		r.transient++
		return 0, true
	case Transient(err), Exhausted(err):
		r.delay = min(max(2*r.delay, acceptDelayMin), acceptDelayMax)
		return r.delay, true
	}
	return 0, false
}
