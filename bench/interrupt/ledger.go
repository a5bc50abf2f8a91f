//go:build linux

package interrupt

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"sync"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// violationsMax bounds the reported violations. The first ones matter most.
const violationsMax = 20

// Whole is the outcome of a transfer that arrived completely.
const Whole = "whole"

// errHung is the error of a transfer in handler form that took longer than patience. Coroutines
// have os.ErrDeadlineExceeded.
var errHung = errors.New("timed out")

// errCut reports a stream that ended in order before everything had arrived. This must never
// happen.
var errCut = errors.New("the stream ended early, without an error")

// ledger records the outcome of each transfer. It is safe for concurrent use.
type ledger struct {
	config Options
	faults atomic.Int64
	over   func() // called when the last transfer has been reported

	mu         sync.Mutex
	told       []bool // by transfer
	left       int
	ended      map[string]int
	bytes      int64
	violations []string
}

func newLedger(c Options, over func()) *ledger {
	return &ledger{config: c, over: over, told: make([]bool, c.Transfers), left: c.Transfers, ended: map[string]int{}}
}

// tell records how transfer i has ended. It must be called once per transfer.
func (l *ledger) tell(i, bytes int, err error) {
	outcome, right := l.judge(err)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.told[i] {
		l.violateLocked("transfer %d has ended a second time: %v", i, err)
		return
	}
	l.told[i] = true
	l.ended[outcome]++
	if err == nil {
		l.bytes += int64(bytes)
	}
	if !right {
		l.violateLocked("transfer %d (%d bytes): %v", i, bytes, err)
	}
	if l.left--; l.left == 0 {
		l.over()
	}
}

// taskEnded is a sched.Options.Ended. The tasks of clients report their transfers themselves.
func (l *ledger) taskEnded(task string, err error) {
	if task == acceptTask && errors.Is(err, net.ErrClosed) {
		return // at the end
	}
	if _, right := l.judge(err); !right {
		l.violate("task %q ended with: %v", task, err)
	}
}

// judge names an outcome, and reports whether this kind of run permits it.
func (l *ledger) judge(err error) (string, bool) {
	if err == nil {
		return Whole, true
	}
	errnos := leaves(err)
	if len(errnos) != 1 {
		return "other", false
	}
	name := unix.ErrnoName(errnos[0])
	switch l.config.Kind {
	case Injected:
		// A side that fails resets the connection, which the other side notices.
		return name, errnos[0] == l.config.Errno || isReset(errnos[0])
	case Proxy:
		return name, isReset(errnos[0])
	}
	return name, false
}

// isReset reports whether errno means that the peer has reset the connection, during or before the
// call.
func isReset(errno syscall.Errno) bool {
	return errno == syscall.ECONNRESET || errno == syscall.EPIPE || errno == syscall.ENOTCONN
}

// leaves returns the system errors in err: one, if err is one error.
func leaves(err error) []syscall.Errno {
	if errno, ok := err.(syscall.Errno); ok {
		return []syscall.Errno{errno}
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		return leaves(e.Unwrap())
	case interface{ Unwrap() []error }:
		var all []syscall.Errno
		for _, part := range e.Unwrap() {
			all = append(all, leaves(part)...)
		}
		return all
	}
	return nil
}

func (l *ledger) violate(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.violateLocked(format, args...)
}

func (l *ledger) violateLocked(format string, args ...any) {
	if len(l.violations) < violationsMax {
		l.violations = append(l.violations, fmt.Sprintf(format, args...))
	}
}

func (l *ledger) result() Result {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.left != 0 {
		l.violateLocked("%d transfers have not ended", l.left)
	}
	faults := l.faults.Load()
	switch l.config.Kind {
	case Proxy:
		if failed := l.config.Transfers - l.ended[Whole]; int64(failed) != faults {
			l.violateLocked("%d transfers failed, and %d were reset", failed, faults)
		}
	case Storm:
		if faults == 0 {
			l.violateLocked("no signal was sent")
		}
	}
	return Result{Ended: maps.Clone(l.ended), Bytes: l.bytes, Faults: faults, Violations: l.violations}
}

// isEnd reports whether a read has reached the end of the stream.
func isEnd(err error) bool { return err == io.EOF }
