package suite

import (
	"bytes"
	"os"
	"runtime"
	"strconv"
	"syscall"
)

// futexTime64 is futex(2) with 64-bit time, on every 32-bit architecture.
const futexTime64 = 422

// pin locks the goroutine to its thread and returns the number of that thread.
func pin() (thread int, unpin func()) {
	runtime.LockOSThread()
	return syscall.Gettid(), runtime.UnlockOSThread
}

// whereabouts asks the kernel. Go's runtime parks the thread of a locked goroutine in futex(2). If
// the thread sleeps in any other system call, its goroutine made that call.
func whereabouts(thread int) whereabout {
	dir := "/proc/self/task/" + strconv.Itoa(thread)
	// The file holds the number of the system call, or "running", or -1 if the thread is stopped
	// elsewhere (proc_pid_syscall(5)).
	call, err := os.ReadFile(dir + "/syscall")
	if err != nil {
		return untold
	}
	word, _, _ := bytes.Cut(call, []byte(" "))
	number, err := strconv.Atoi(string(word))
	if err != nil || number < 0 {
		return awake
	}
	// A thread that waits for a kernel lock is in state D, not S (proc_pid_stat(5)).
	stat, err := os.ReadFile(dir + "/stat")
	if err != nil {
		return untold
	}
	// The state follows the program name in parentheses. The name itself may contain parentheses.
	if !bytes.HasPrefix(stat[bytes.LastIndexByte(stat, ')')+1:], []byte(" S ")) {
		return awake
	}
	if number == syscall.SYS_FUTEX || number == futexTime64 {
		return idle
	}
	return asleep
}
