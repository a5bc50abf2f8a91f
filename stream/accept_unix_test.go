//go:build unix

package stream

import (
	"syscall"
	"testing"
	"time"
)

func TestAcceptErrorsAreSorted(t *testing.T) {
	for _, c := range []struct {
		err                  error
		transient, exhausted bool
	}{
		{syscall.ECONNABORTED, true, false},
		{syscall.EPROTO, true, false},
		{syscall.ENETDOWN, true, false},
		{syscall.EHOSTUNREACH, true, false},
		{syscall.EPERM, true, false},
		{syscall.EINTR, true, false},
		{syscall.EMFILE, false, true},
		{syscall.ENFILE, false, true},
		{syscall.ENOBUFS, false, true},
		{syscall.ENOMEM, false, true},
		{syscall.EBADF, false, false},
		{syscall.EINVAL, false, false},
	} {
		if got := Transient(c.err); got != c.transient {
			t.Errorf("Transient(%v) = %v", c.err, got)
		}
		if got := Exhausted(c.err); got != c.exhausted {
			t.Errorf("Exhausted(%v) = %v", c.err, got)
		}
	}
}

func TestATransientErrorThatStaysIsPaused(t *testing.T) {
	var r recovery
	for range transientMax {
		if pause, ok := r.next(syscall.ECONNABORTED); pause != 0 || !ok {
			t.Fatalf("transient error: pause %v, survives %v, want 0, true", pause, ok)
		}
	}
	last := time.Duration(0)
	for range 20 {
		pause, ok := r.next(syscall.ECONNABORTED)
		if !ok || pause < last || pause < acceptDelayMin || pause > acceptDelayMax {
			t.Fatalf("pause %v after %v, survives %v, want a pause within the bounds and not shorter", pause, last, ok)
		}
		last = pause
	}
	if _, ok := r.next(syscall.EBADF); ok {
		t.Errorf("the listener survives EBADF")
	}
}
