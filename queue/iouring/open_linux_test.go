package iouring

import (
	"errors"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"unsafe"

	"github.com/edgewise-go/edgewise/queue"
)

// Numbers of system calls, the same on every architecture except alpha.
const (
	ringSetup = 425 // io_uring_setup(2)
	ringEnter = 426 // io_uring_enter(2)
)

// sandbox makes a system call of this thread return errno from now on (seccomp(2)).
func sandbox(call uint32, errno syscall.Errno) error {
	const (
		prSetSeccomp   = 22
		prNoNewPrivs   = 38
		modeFilter     = 2
		answer, permit = 0x50000, 0x7fff0000
	)
	filter := []syscall.SockFilter{
		{Code: syscall.BPF_LD | syscall.BPF_W | syscall.BPF_ABS, K: 0}, // the number of the call
		{Code: syscall.BPF_JMP | syscall.BPF_JEQ | syscall.BPF_K, K: call, Jf: 1},
		{Code: syscall.BPF_RET | syscall.BPF_K, K: answer | uint32(errno)},
		{Code: syscall.BPF_RET | syscall.BPF_K, K: permit},
	}
	program := &syscall.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if _, _, err := syscall.RawSyscall6(syscall.SYS_PRCTL, prNoNewPrivs, 1, 0, 0, 0, 0); err != 0 {
		return err
	}
	if _, _, err := syscall.RawSyscall(syscall.SYS_PRCTL, prSetSeccomp, modeFilter, uintptr(unsafe.Pointer(program))); err != 0 {
		return err
	}
	runtime.KeepAlive(filter)
	return nil
}

func TestASandboxIsNamed(t *testing.T) {
	for errno, want := range map[syscall.Errno]error{
		syscall.EPERM: queue.ErrUnavailable, syscall.EACCES: queue.ErrUnavailable, syscall.ENOMEM: queue.ErrUnavailable,
		syscall.ENOSYS: errors.ErrUnsupported, syscall.EINVAL: errors.ErrUnsupported,
	} {
		var err error
		var thread sync.WaitGroup
		thread.Go(func() {
			runtime.LockOSThread() // never unlocked: the sandbox ends with the thread
			if refused := sandbox(ringSetup, errno); refused != nil {
				t.Logf("cannot install a sandbox: %v", refused)
				err = errors.Join(want, errno)
				return
			}
			_, err = New(Options{})
		})
		thread.Wait()
		if !errors.Is(err, want) || !errors.Is(err, errno) {
			t.Errorf("the sandbox returns %v: got error %v, want %v", errno, err, want)
		}
		other := map[error]error{queue.ErrUnavailable: errors.ErrUnsupported, errors.ErrUnsupported: queue.ErrUnavailable}[want]
		if errors.Is(err, other) {
			t.Errorf("the sandbox returns %v: got error %v, which must not also be %v", errno, err, other)
		}
	}
}
