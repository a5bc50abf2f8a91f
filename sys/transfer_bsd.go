//go:build unix && !linux

package sys

import "golang.org/x/sys/unix"

// MaxSegments is the most segments that one call of RecvSegments, SendSegments, Readv or Writev
// passes to the kernel.
const MaxSegments = 16

// transferBytesMax is the most bytes that one call asks the kernel for: macOS refuses 2 GiB and
// more with EINVAL. The next call moves the rest.
const transferBytesMax = 1 << 30

// Recv reads up to len(p) bytes from the socket h, which must be non-blocking. It returns 0, nil at
// the end of the stream, and for an empty p.
func Recv(h Handle, p []byte) (int, error) { return Read(h, p) }

// Send writes up to len(p) bytes to the socket h, which must be non-blocking, and returns how many
// the kernel took. For SIGPIPE, see Write.
func Send(h Handle, p []byte) (int, error) { return Write(h, p) }

// RecvSegments is Recv into several segments in order. It uses at most MaxSegments segments.
func RecvSegments(h Handle, segments [][]byte) (int, error) { return Readv(h, segments) }

// SendSegments is Send of several segments in order. It uses at most MaxSegments segments.
func SendSegments(h Handle, segments [][]byte) (int, error) { return Writev(h, segments) }

// Read calls read(2) on any handle, which must be non-blocking. It returns 0, nil at the end, and
// for an empty p.
func Read(h Handle, p []byte) (int, error) {
	p = p[:min(len(p), transferBytesMax)]
	return retry(func() (int, error) { return unix.Read(int(h), p) }, len(p))
}

// Write calls write(2) on any handle, which must be non-blocking. If no process reads any more, it
// returns EPIPE, and the kernel raises SIGPIPE, which Go's runtime catches and ignores. A program
// whose main part is not Go (c-archive, c-shared) must ignore the signal itself.
func Write(h Handle, p []byte) (int, error) {
	p = p[:min(len(p), transferBytesMax)]
	n, err := retry(func() (int, error) { return unix.Write(int(h), p) }, len(p))
	return n, writeError(err)
}

// Readv calls readv(2) on any handle, which must be non-blocking. It uses at most MaxSegments
// segments.
func Readv(h Handle, segments [][]byte) (int, error) {
	var vector vectorSpace
	count := vector.fill(segments)
	return retry(func() (int, error) { return readv(h, &vector, count) }, count)
}

// Writev calls writev(2) on any handle, which must be non-blocking. It uses at most MaxSegments
// segments. For SIGPIPE, see Write.
func Writev(h Handle, segments [][]byte) (int, error) {
	var vector vectorSpace
	count := vector.fill(segments)
	n, err := retry(func() (int, error) { return writev(h, &vector, count) }, count)
	return n, writeError(err)
}

func retry(call func() (int, error), length int) (int, error) {
	if length == 0 {
		return 0, nil
	}
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
