package streamtest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"unsafe"

	"github.com/edgewise-go/edgewise/sys"
)

func shortHandles() []shortHandle {
	return []shortHandle{
		{"a unix-domain stream with descriptors", 10, openDescriptors},
		{"a pipe of packets", 10, openPackets},
		{"a terminal", 10, openTerminal},
		{"inotify", 2 * inotifyEventBytes, openInotify},
	}
}

// twice returns a function that calls f for each of two messages of 5 bytes.
func twice(f func(p []byte) error) func() error {
	return func() error {
		for _, p := range []string{"abcd\n", "efgh\n"} {
			if err := f([]byte(p)); err != nil {
				return err
			}
		}
		return nil
	}
}

// openDescriptors opens a handle whose reads stop after bytes that came with a descriptor (unix(7),
// SCM_RIGHTS).
func openDescriptors() (sys.Handle, func() error, func(), error) {
	a, b, err := sys.SocketPair()
	feed := twice(func(p []byte) error { return syscall.Sendmsg(int(b), p, syscall.UnixRights(int(b)), nil, 0) })
	return a, feed, func() { sys.Close(b) }, err
}

// openPackets opens a handle that is read packet by packet (pipe(2), O_DIRECT).
func openPackets() (sys.Handle, func() error, func(), error) {
	var fds [2]int
	if err := syscall.Pipe2(fds[:], syscall.O_NONBLOCK|syscall.O_CLOEXEC|syscall.O_DIRECT); err != nil {
		return sys.Invalid, nil, nil, err
	}
	feed := twice(func(p []byte) error {
		_, err := syscall.Write(fds[1], p)
		return err
	})
	return sys.Handle(fds[0]), feed, func() { syscall.Close(fds[1]) }, nil
}

// openTerminal opens a handle that is read line by line (termios(3), canonical mode).
func openTerminal() (sys.Handle, func() error, func(), error) {
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
	feed := twice(func(p []byte) error {
		_, err := syscall.Write(master, p)
		return err
	})
	return sys.Handle(slave), feed, func() { syscall.Close(master) }, nil
}

func control(fd int, request uintptr, value *int32) error {
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), request, uintptr(unsafe.Pointer(value))); errno != 0 {
		return errno
	}
	return nil
}

// inotifyEventBytes is the length of an event with a short name. Two of them do not fit into
// urgentRoom.
const inotifyEventBytes = syscall.SizeofInotifyEvent + 16

// openInotify opens a handle that is read in whole events (inotify(7)).
func openInotify() (sys.Handle, func() error, func(), error) {
	fd, err := syscall.InotifyInit1(syscall.IN_NONBLOCK | syscall.IN_CLOEXEC)
	if err != nil {
		return sys.Invalid, nil, nil, err
	}
	dir, err := os.MkdirTemp("", "inotify")
	if err == nil {
		_, err = syscall.InotifyAddWatch(fd, dir, syscall.IN_CREATE)
	}
	if err != nil {
		return sys.Invalid, nil, nil, errors.Join(err, syscall.Close(fd))
	}
	feed := func() error {
		return errors.Join(os.WriteFile(filepath.Join(dir, "a"), nil, 0o600), os.WriteFile(filepath.Join(dir, "b"), nil, 0o600))
	}
	return sys.Handle(fd), feed, func() { os.RemoveAll(dir) }, nil
}
