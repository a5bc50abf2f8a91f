package sys

import "golang.org/x/sys/unix"

// transferBytesMax is the most that SendFile and Splice ask the kernel for at once; its own limit
// is a little below 2 GiB.
const transferBytesMax = 1 << 30

// SendFile writes up to n bytes of file, from its position on, to h, which must be non-blocking,
// without a copy through the process (sendfile(2)), and returns how many the kernel took; the
// position of file moves by as many. It returns 0, nil at the end of file. Where file is none that
// can be mapped, or h is nothing to send to, the error is EINVAL. h does not block, unless somebody
// clears its flag ([KeepNonblock]); reading the file from its disk may. Where nobody reads any more
// the error is EPIPE, and the kernel raises SIGPIPE, which Go's runtime passes over; Splice
// likewise.
func SendFile(h, file Handle, n int64) (int64, error) {
	return repeated(func() (int64, error) {
		sent, err := unix.Sendfile(int(h), int(file), nil, int(min(n, transferBytesMax)))
		return int64(sent), err
	})
}

// Splice moves up to n bytes between a pipe and another handle, both non-blocking, one of them from
// and one to, without a copy through the process (splice(2), with SPLICE_F_NONBLOCK), and returns
// how many. It returns 0, nil at the end of from, and ErrWouldBlock when from is empty or to is
// full. SPLICE_F_NONBLOCK is about the pipe: the other handle follows its own flag
// ([KeepNonblock]).
func Splice(from, to Handle, n int64) (int64, error) {
	return repeated(func() (int64, error) {
		moved, err := unix.Splice(int(from), nil, int(to), nil, int(min(n, transferBytesMax)), unix.SPLICE_F_MOVE|unix.SPLICE_F_NONBLOCK)
		return int64(moved), err
	})
}

// GrowPipe makes room for up to n bytes in the pipe h, and returns how many there is room for,
// which may be fewer: a process without CAP_SYS_RESOURCE is held to /proc/sys/fs/pipe-max-size, and
// its user to a number of pages (pipe(7)). Then it asks for half, and so on, but not for less than
// there is.
func GrowPipe(h Handle, n int) (int, error) {
	has, err := unix.FcntlInt(uintptr(h), unix.F_GETPIPE_SZ, 0)
	for ; err == nil && n > has; n /= 2 {
		got, err := unix.FcntlInt(uintptr(h), unix.F_SETPIPE_SZ, n)
		if err == nil {
			return got, nil
		}
		if err != unix.EPERM {
			return has, err
		}
	}
	return has, err
}

func repeated(call func() (int64, error)) (int64, error) {
	for {
		n, err := call()
		switch err {
		case nil:
			return n, nil
		case unix.EINTR:
			continue
		case unix.EAGAIN:
			return 0, ErrWouldBlock
		}
		return 0, err
	}
}
