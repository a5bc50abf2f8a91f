package stream

import (
	"errors"
	"syscall"
	"time"

	"github.com/edgewise-go/edgewise/sys"
)

// transientMax is how many consecutive transient errors an accept skips at once. Each error removed
// one connection from the queue, or should have. Further errors without a connection between them
// count as exhaustion, so a permanent error cannot spin.
const transientMax = 64

// Bounds of the delay after an exhausted accept. It doubles from the first to the second.
const (
	acceptDelayMin = 5 * time.Millisecond
	acceptDelayMax = time.Second
)

// Transient reports whether err, returned by an accept, concerns only the connection at the head of
// the queue, which is gone. The next accept may follow at once. These are the errors that accept(2)
// lists for such treatment, and EPERM from a firewall.
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

// Exhausted reports whether err, returned by an accept, means that the process or the system has
// run out of descriptors or memory. The connection stays in the queue and keeps the listener ready,
// so accepting again without a pause would spin.
func Exhausted(err error) bool {
	switch sys.ClassOf(err) {
	case sys.ClassOutOfDescriptors, sys.ClassOutOfMemory:
		return true
	}
	return false
}

// recovery paces an accept after errors that a listener survives. The zero value is that of a
// listener without such errors.
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
