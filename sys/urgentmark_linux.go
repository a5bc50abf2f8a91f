package sys

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// UnreadAtMark reports whether the TCP socket h is at the mark of urgent data and has bytes to read
// after it (sockatmark(3), poll(2)).
//
// The caller calls it after a read of h has returned [ErrWouldBlock], and reads again if the result
// is true. At the mark, recv(2) on Linux also returns EAGAIN while a signal is pending for the
// thread, however many bytes follow. Go's runtime sends itself such signals. No edge follows in
// that case, because no new bytes arrive. A socket that is not at a mark costs one system call,
// ioctl(2).
//
// On other systems the result is false: their reads pass the mark.
func UnreadAtMark(h Handle) (bool, error) {
	at, err := atMark(h)
	if err != nil || !at {
		return false, err
	}
	// The mark may be all that has arrived. poll(2) does not count the mark, and returns even while
	// a signal is pending.
	fds := [1]PollFD{{Fd: int32(h), Events: PollIn}}
	n, err := Poll(fds[:], 0)
	if err == unix.EINTR {
		return true, nil // the next read decides
	}
	return n > 0, err
}

// StoppedAtMark reports whether a short read of the TCP socket h may have stopped at the mark of
// urgent data, so that bytes to read may follow. The caller asks after the read. The answer is also
// true if it is unknown: on other systems than Linux, and for other handles than sockets that have
// such marks. A later mark that replaces this one brings an event. On Linux the call is one system
// call, ioctl(2).
func StoppedAtMark(h Handle) bool {
	at, err := atMark(h)
	return at || err != nil
}

func atMark(h Handle) (bool, error) {
	var at int32
	if _, _, errno := unix.RawSyscall(unix.SYS_IOCTL, uintptr(h), unix.SIOCATMARK, uintptr(unsafe.Pointer(&at))); errno != 0 {
		return false, errno
	}
	return at != 0, nil
}
