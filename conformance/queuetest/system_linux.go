package queuetest

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"github.com/edgewise-go/edgewise/sys"
)

func duplicateTo(from, to int) error { return syscall.Dup3(from, to, 0) }

func kinds() []kind {
	return []kind{
		{Pipe, pipeKind}, {Eventfd, eventfdKind}, {Timerfd, timerfdKind}, {Pidfd, pidfdKind}, {Terminal, terminalKind}, {RefusedDatagram, refusedKind},
	}
}

func eventfdKind() (h sys.Handle, ready func() error, release func(), err error) {
	h, err = sys.Eventfd()
	return h, func() error { return sys.EventfdSignal(h) }, func() { _ = sys.Close(h) }, err
}

func timerfdKind() (h sys.Handle, ready func() error, release func(), err error) {
	const clockMonotonic = 1
	fd, _, errno := syscall.RawSyscall(syscall.SYS_TIMERFD_CREATE, clockMonotonic, syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if errno != 0 {
		return sys.Invalid, nil, nil, errno
	}
	ready = func() error {
		spec := struct{ interval, value syscall.Timespec }{value: syscall.NsecToTimespec(int64(time.Millisecond))}
		_, _, errno := syscall.RawSyscall6(syscall.SYS_TIMERFD_SETTIME, fd, 0, uintptr(unsafe.Pointer(&spec)), 0, 0, 0)
		if errno != 0 {
			return errno
		}
		return nil
	}
	return sys.Handle(fd), ready, func() { _ = sys.Close(sys.Handle(fd)) }, nil
}

// pidfdKind is a thread that ends (PIDFD_THREAD, Linux 6.9). A process would have to be forked.
// Until it runs its program, it holds copies of the descriptors of all other cases. Meanwhile the
// peers of handles that those cases close would see no end.
func pidfdKind() (h sys.Handle, ready func() error, release func(), err error) {
	const pidfdOpen = 434 // the same on every architecture
	const pidfdThread = syscall.O_EXCL
	type opened struct {
		fd    uintptr
		errno syscall.Errno
	}
	result, end := make(chan opened), make(chan struct{})
	var thread func()
	thread = func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		if syscall.Gettid() == syscall.Getpid() {
			// The first thread of a process does not end with its goroutine. It is held here while
			// the goroutine takes another thread.
			defer runtime.UnlockOSThread()
			go thread()
			<-end
			return
		}
		fd, _, errno := syscall.RawSyscall(pidfdOpen, uintptr(syscall.Gettid()), pidfdThread, 0)
		result <- opened{fd, errno}
		<-end
	}
	go thread()
	o := <-result
	finish := sync.OnceFunc(func() { close(end) })
	if o.errno != 0 {
		finish()
		return sys.Invalid, nil, nil, o.errno
	}
	ready = func() error {
		finish()
		return nil
	}
	return sys.Handle(o.fd), ready, func() { finish(); _ = sys.Close(sys.Handle(o.fd)) }, nil
}

func terminalKind() (h sys.Handle, ready func() error, release func(), err error) {
	const flags = syscall.O_RDWR | syscall.O_NOCTTY | syscall.O_NONBLOCK | syscall.O_CLOEXEC
	master, err := syscall.Open("/dev/ptmx", flags, 0)
	if err != nil {
		return sys.Invalid, nil, nil, err
	}
	var locked, number int32
	var slave int
	if err = control(master, syscall.TIOCSPTLCK, &locked); err == nil {
		err = control(master, syscall.TIOCGPTN, &number)
	}
	if err == nil {
		slave, err = syscall.Open(fmt.Sprintf("/dev/pts/%d", number), flags, 0)
	}
	if err != nil {
		return sys.Invalid, nil, nil, errors.Join(err, syscall.Close(master))
	}
	ready = func() error {
		_, err := syscall.Write(master, []byte("line\n"))
		return err
	}
	return sys.Handle(slave), ready, func() { _, _ = syscall.Close(slave), syscall.Close(master) }, nil
}

func control(fd int, request uintptr, value *int32) error {
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), request, uintptr(unsafe.Pointer(value))); errno != 0 {
		return errno
	}
	return nil
}
