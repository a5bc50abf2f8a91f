package auto

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/edgewise-go/edgewise/queue"
)

// deniedVariable makes the test binary run as the process that is denied io_uring with this errno.
const deniedVariable = "EDGEWISE_TEST_DENIED"

// TestIoUringDenied runs itself as a child process, because a seccomp(2) filter cannot be removed.
func TestIoUringDenied(t *testing.T) {
	denials := map[string]struct {
		errno syscall.Errno
		want  error
	}{
		"EPERM":  {syscall.EPERM, queue.ErrUnavailable},
		"EACCES": {syscall.EACCES, queue.ErrUnavailable},
		"ENOSYS": {syscall.ENOSYS, errors.ErrUnsupported},
	}
	if d, ok := denials[os.Getenv(deniedVariable)]; ok {
		childDenied(t, d.errno, d.want)
		return
	}
	for name := range denials {
		cmd := exec.Command(os.Args[0], "-test.run=^TestIoUringDenied$", "-test.v")
		cmd.Env = append(os.Environ(), deniedVariable+"="+name)
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "picked epoll") {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
		for line := range strings.Lines(string(out)) {
			if strings.Contains(line, "picked") {
				t.Logf("%s: %s", name, strings.TrimSpace(line))
			}
		}
	}
}

func childDenied(t *testing.T, errno syscall.Errno, want error) {
	runtime.LockOSThread() // the filter applies to this thread, which ends with the test
	require.NoError(t, deny(unix.SYS_IO_URING_SETUP, errno))
	q, passed, err := New("iouring")
	require.NoError(t, err)
	defer q.Close()
	if len(passed) != 1 || passed[0].Name != "iouring" || !errors.Is(passed[0].Reason, errno) || !errors.Is(passed[0].Reason, want) {
		t.Errorf("New passed over %v; want iouring with %v and %v", passed, errno, want)
	}
	fmt.Printf("picked %s, passed over %s: %v\n", q.Features().Mechanism, passed[0].Name, passed[0].Reason)
	if _, err := ByName("iouring"); !errors.Is(err, errno) || !errors.Is(err, want) {
		t.Errorf("ByName: got error %v, want the same errno and sentinel", err)
	}
}

// deny makes a system call of this thread fail with errno from now on.
func deny(call uint32, errno syscall.Errno) error {
	// struct seccomp_data begins with the number of the system call.
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: 1, K: call},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(errno)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("prctl PR_SET_NO_NEW_PRIVS: %w", err)
	}
	if err := unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&program)), 0, 0); err != nil {
		return fmt.Errorf("prctl PR_SET_SECCOMP: %w", err)
	}
	return nil
}
