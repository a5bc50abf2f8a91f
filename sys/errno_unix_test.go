//go:build unix

package sys_test

import (
	"errors"
	"fmt"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/edgewise-go/edgewise/sys"
)

func TestClassesLookThroughWrapping(t *testing.T) {
	for err, want := range map[error]sys.Class{
		nil: sys.ClassNone, sys.ErrWouldBlock: sys.ClassWouldBlock, unix.EAGAIN: sys.ClassWouldBlock, unix.EINTR: sys.ClassInterrupted,
		unix.EINPROGRESS: sys.ClassInProgress, unix.ECONNRESET: sys.ClassDisconnected, unix.EPIPE: sys.ClassDisconnected,
		unix.ECONNREFUSED: sys.ClassRefused, unix.EHOSTUNREACH: sys.ClassUnreachable, unix.EMFILE: sys.ClassOutOfDescriptors,
		unix.ENFILE: sys.ClassOutOfDescriptors, unix.ENOBUFS: sys.ClassOutOfMemory, unix.ENOSYS: sys.ClassUnsupported,
		errors.ErrUnsupported: sys.ClassUnsupported, unix.EXDEV: sys.ClassOther, errors.New("another"): sys.ClassOther,
	} {
		if got := sys.ClassOf(err); got != want {
			t.Errorf("ClassOf(%v): got %v, want %v", err, got, want)
		}
		if err == nil {
			continue
		}
		if got := sys.ClassOf(fmt.Errorf("wrapped: %w", err)); got != want {
			t.Errorf("ClassOf(wrapped %v): got %v, want %v", err, got, want)
		}
	}
}
