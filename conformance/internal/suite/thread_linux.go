package suite

import (
	"bytes"
	"os"
	"runtime"
	"strconv"
	"syscall"
)

// futexTime64 is futex(2) with 64 bits of time, on every architecture of 32 bits.
const futexTime64 = 422

// pin locks the goroutine to its thread, and returns the number of that.
func pin() (thread int, unpin func()) {
	runtime.LockOSThread()
	return syscall.Gettid(), runtime.UnlockOSThread
}

// whereabouts asks the kernel. Go's runtime parks the thread of a locked goroutine in futex(2). Any
// other system call that a thread sleeps in is its goroutine's.
func whereabouts(thread int) whereabout {
	dir := "/proc/self/task/" + strconv.Itoa(thread)
	// The number of the system call, or "running", or -1 if the thread is stopped elsewhere
	// (proc_pid_syscall(5)).
	call, err := os.ReadFile(dir + "/syscall")
	if err != nil {
		return untold
	}
	word, _, _ := bytes.Cut(call, []byte(" "))
	number, err := strconv.Atoi(string(word))
	if err != nil || number < 0 {
		return awake
	}
	// A thread that waits for a lock of the kernel's is in state D, not S (proc_pid_stat(5)).
	stat, err := os.ReadFile(dir + "/stat")
	if err != nil {
		return untold
	}
	// The state follows the name of the program, in parentheses, which may contain some itself.
	if !bytes.HasPrefix(stat[bytes.LastIndexByte(stat, ')')+1:], []byte(" S ")) {
		return awake
	}
	if number == syscall.SYS_FUTEX || number == futexTime64 {
		return parked
	}
	return asleep
}
