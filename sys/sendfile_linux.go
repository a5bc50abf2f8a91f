package sys

import "golang.org/x/sys/unix"

// transferBytesMax is the most bytes that one SendFile or Splice asks the kernel for. The kernel's
// own limit is a little below 2 GiB.
const transferBytesMax = 1 << 30

// SendFile writes up to n bytes of file, from its current position, to h, which must be
// non-blocking. It does not copy them through the process (sendfile(2)). It returns the number of
// bytes that the kernel took, and the position of file advances by as many. It returns 0, nil at
// the end of file.
//
// h does not block, unless another owner clears its flag ([KeepNonblock]). Reading the file from
// its disk may block.
//
// Errors: EINVAL if file cannot be mapped or h cannot be sent to; EPIPE if no process reads any
// more. With EPIPE, in Splice as in SendFile, the kernel raises SIGPIPE, which Go's runtime
// ignores.
func SendFile(h, file Handle, n int64) (int64, error) {
	return repeated(func() (int64, error) {
		sent, err := unix.Sendfile(int(h), int(file), nil, int(min(n, transferBytesMax)))
		return int64(sent), err
	})
}

// Splice moves up to n bytes between a pipe and another handle, in either direction, and returns
// how many. Both must be non-blocking. It does not copy the bytes through the process (splice(2),
// with SPLICE_F_NONBLOCK). It returns 0, nil at the end of from, and ErrWouldBlock if from is empty
// or to is full. SPLICE_F_NONBLOCK applies to the pipe; the other handle follows its own flag
// ([KeepNonblock]).
func Splice(from, to Handle, n int64) (int64, error) {
	return repeated(func() (int64, error) {
		moved, err := unix.Splice(int(from), nil, int(to), nil, int(min(n, transferBytesMax)), unix.SPLICE_F_MOVE|unix.SPLICE_F_NONBLOCK)
		return int64(moved), err
	})
}

// GrowPipe grows the pipe h to hold up to n bytes, and returns its capacity. The result may be less
// than n: a process without CAP_SYS_RESOURCE is limited by /proc/sys/fs/pipe-max-size, and its user
// by a number of pages (pipe(7)). In that case GrowPipe asks for half, and so on, but never for
// less than the present capacity.
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
