package stream

import (
	"syscall"
	"testing"
)

// From winsock2.h. Package syscall lacks some of them.
const (
	wsaeInval       = syscall.Errno(10022)
	wsaeMFile       = syscall.Errno(10024)
	wsaeNotSock     = syscall.Errno(10038)
	wsaeNetDown     = syscall.Errno(10050)
	wsaeConnAborted = syscall.Errno(10053)
	wsaeConnReset   = syscall.Errno(10054)
	wsaeNoBufs      = syscall.Errno(10055)
	wsaeNotConn     = syscall.Errno(10057)
)

func TestAcceptErrorsAreSorted(t *testing.T) {
	for _, c := range []struct {
		err                  error
		transient, exhausted bool
	}{
		{wsaeConnReset, true, false},
		{wsaeConnAborted, true, false},
		{wsaeNotConn, true, false}, // Wine's error for a connection that was reset in the queue
		{wsaeNetDown, true, false},
		{wsaeMFile, false, true},
		{wsaeNoBufs, false, true},
		{wsaeNotSock, false, false},
		{wsaeInval, false, false},
	} {
		if got := Transient(c.err); got != c.transient {
			t.Errorf("Transient(%v) = %v", c.err, got)
		}
		if got := Exhausted(c.err); got != c.exhausted {
			t.Errorf("Exhausted(%v) = %v", c.err, got)
		}
	}
}
