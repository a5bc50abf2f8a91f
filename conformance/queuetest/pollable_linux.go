package queuetest

import (
	"os"
	"path/filepath"
	"syscall"
	"unsafe"

	"github.com/edgewise-go/edgewise/sys"
)

func epollRules() error { return nil }

// refusedSpecimens have no poll operation: memory and disk are always ready.
func refusedSpecimens() []specimen {
	all := []specimen{{"a file in memory", fileInMemory}}
	for _, path := range []string{
		"/dev/null", "/dev/zero", "/dev/full", "/dev/urandom", "/proc/self/stat", "/proc/self/maps", "/proc/self/ns/net", os.Args[0],
	} {
		all = append(all, specimen{path, opened(path)})
	}
	return all
}

// alwaysReadySpecimens have a poll operation whose answer never changes. The kernel reports no
// changes of these settings, so nothing wakes a waiter.
func alwaysReadySpecimens() []specimen {
	var all []specimen
	for _, path := range []string{"/proc/sys/kernel/pid_max", "/proc/sys/kernel/osrelease", "/proc/sys/fs/file-max"} {
		all = append(all, specimen{path, opened(path)})
	}
	return all
}

// acceptedSpecimens have a poll operation.
func acceptedSpecimens() []specimen {
	all := []specimen{
		{"an eventfd", handleOf(sys.Eventfd)}, {"an epoll instance", handleOf(sys.EpollCreate)}, {"an io_uring", aRing},
		{"a timerfd", ofKind(timerfdKind)}, {"a terminal", ofKind(terminalKind)}, {"a pidfd", ofKind(pidfdKind)},
		{"a pipe's reading end", pipeEnd(0)}, {"a pipe's writing end", pipeEnd(1)}, {"a FIFO", fifo},
		{"a signalfd", signalfd}, {"an inotify instance", inotify},
	}
	for _, path := range []string{
		"/proc/mounts", "/proc/self/mountinfo", "/proc/swaps", "/proc/sys/kernel/hostname", "/sys/class/net/lo/carrier", "/dev/fuse", "/dev/tty", "/dev/random",
	} {
		all = append(all, specimen{path, opened(path)})
	}
	return all
}

func handleOf(open func() (sys.Handle, error)) func() (sys.Handle, func(), error) {
	return func() (sys.Handle, func(), error) {
		h, err := open()
		return h, func() { _ = sys.Close(h) }, err
	}
}

func ofKind(open func() (sys.Handle, func() error, func(), error)) func() (sys.Handle, func(), error) {
	return func() (sys.Handle, func(), error) {
		h, _, release, err := open()
		return h, release, err
	}
}

func pipeEnd(which int) func() (sys.Handle, func(), error) {
	return func() (sys.Handle, func(), error) {
		r, w, err := sys.Pipe()
		return [...]sys.Handle{r, w}[which], func() { _, _ = sys.Close(r), sys.Close(w) }, err
	}
}

func aRing() (sys.Handle, func(), error) {
	r, err := sys.OpenIoUring(1, 1, 0)
	if err != nil {
		return sys.Invalid, nil, err
	}
	return r.Handle(), func() { _ = r.Close() }, nil
}

func fifo() (sys.Handle, func(), error) {
	dir, err := os.MkdirTemp("", "fifo")
	if err != nil {
		return sys.Invalid, nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "f")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		return sys.Invalid, nil, err
	}
	// A FIFO opened for both directions, which Linux allows (fifo(7)), does not wait for a peer.
	fd, err := syscall.Open(path, syscall.O_RDWR|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	return closing(fd, err)
}

// signalfd accepts no signal.
func signalfd() (sys.Handle, func(), error) {
	var none uint64
	fd, _, errno := syscall.RawSyscall6(syscall.SYS_SIGNALFD4, ^uintptr(0), uintptr(unsafe.Pointer(&none)), unsafe.Sizeof(none),
		syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0, 0)
	if errno != 0 {
		return sys.Invalid, nil, errno
	}
	return closing(int(fd), nil)
}

func inotify() (sys.Handle, func(), error) {
	fd, err := syscall.InotifyInit1(syscall.IN_NONBLOCK | syscall.IN_CLOEXEC)
	return closing(fd, err)
}

// fileInMemory opens a file of memfd_create(2) again by its path.
func fileInMemory() (sys.Handle, func(), error) {
	file, err := os.CreateTemp("/dev/shm", "pollable")
	if err != nil {
		return sys.Invalid, nil, err
	}
	return sys.Handle(file.Fd()), func() { _ = file.Close() }, os.Remove(file.Name())
}

func closing(fd int, err error) (sys.Handle, func(), error) {
	if err != nil {
		return sys.Invalid, nil, err
	}
	return sys.Handle(fd), func() { _ = syscall.Close(fd) }, nil
}
