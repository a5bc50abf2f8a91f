package adapter

import (
	"bufio"
	"errors"
	"io"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/bufstrategy/internal/try"
)

var (
	_ io.Reader      = (*WaitReader)(nil)
	_ io.ByteScanner = (*WaitReader)(nil)
	_ io.RuneScanner = (*WaitReader)(nil)
	_ io.WriterTo    = (*WaitReader)(nil)
)

// WaitReader reads from Reader through Buffer, and waits if nothing has arrived yet. It is a
// bufio.Reader on any strategy, for a task or a goroutine that owns a connection. A handler uses a
// [Reader], which never waits.
//
// A method with the name of a bufio.Reader method behaves like it, with these differences:
//   - [bufstrategy.ErrTooLarge] replaces ErrBufferFull. Limit of the Buffer corresponds to the size
//     of a bufio.Reader.
//   - ReadBytes and ReadString return at most Limit bytes. If the delimiter is farther away, they
//     return the bytes so far and ErrTooLarge. A bufio.Reader takes as much memory as the peer
//     makes it take.
//   - UnreadByte works only directly after a call that has returned bytes.
//   - [bufstrategy.ErrExhausted] means that there was no memory to read into. Nothing was lost:
//     retry later.
//
// WaitReader keeps an error of Reader or Wait until the bytes before it have been read, and returns
// it once. The next call tries again. A reader can therefore continue after a deadline, once the
// deadline has been moved.
//
// A slice that a method returns lies in the Buffer. It is valid until the next call of any method
// except Buffered. In a [bufstrategy.PerLoop] it also ends when another buffer of its Scratch
// reads. In a task that can happen the next time that the task waits. The bytes of such a slice,
// and one byte for UnreadByte, stay in the Buffer until the next call. Settle consumes them.
//
// WaitReader reads for as long as Reader has bytes, up to Limit bytes, and does not wait while
// bytes are unread. A task whose peer never pauses must therefore yield on its own.
//
// A WaitReader allocates only the results of ReadBytes and ReadString. The zero value with Buffer
// and Reader is ready for use. It must not be copied while in use. Like its Buffer, it is not safe
// for concurrent use.
type WaitReader struct {
	Buffer bufstrategy.Buffer

	// Reader is the source of the bytes: a socket that never blocks, with Wait, or the result of
	// FromReader.
	Reader bufstrategy.TryReader

	// Wait suspends the caller until it makes sense to try Reader again, such as WaitRead of a
	// connection of package stream. It is called only after Reader has returned would-block, or has
	// declared that a short read means would-block. For a Reader that blocks, Wait is nil.
	Wait func() error

	err     error // error of Reader or Wait, returned after the unread bytes
	drained bool  // Reader would block
	taken   int   // unread bytes of Buffer that the last call returned
	last    lastRead
	direct  [1][]byte
}

// lastRead is the state for UnreadByte and UnreadRune.
type lastRead struct {
	some bool // bytes were returned
	rune int  // size of the rune, if it was one
	byte byte // last byte, if it did not pass through Buffer
}

// Buffered returns the number of bytes that can be read without waiting.
func (r *WaitReader) Buffered() int { return r.Buffer.Len() - r.taken }

// Settle consumes the bytes that the last call returned. It invalidates the slice from that call,
// and UnreadByte and UnreadRune then fail. Buffer then holds only the bytes still to be read. Call
// Settle before other code takes over the Buffer, or before a Trim ahead of a long silence.
func (r *WaitReader) Settle() {
	if r.taken > 0 {
		r.Buffer.Discard(r.taken)
	}
	r.taken, r.last = 0, lastRead{}
}

// takeErr returns and clears the kept error.
func (r *WaitReader) takeErr() error {
	err := r.err
	r.err = nil
	return err
}

// fill returns once more bytes are unread, or an error is kept. The Buffer is below its Limit.
func (r *WaitReader) fill() {
	for empty := 0; empty < emptyReadsMax; empty++ {
		waited, err := r.await()
		if err != nil {
			r.err = err
			return
		}
		if waited {
			empty = 0
		}
		outcome, n, err := bufstrategy.Fill(r.Buffer, r.Reader, 0)
		r.drained = outcome == bufstrategy.Drained
		switch {
		case outcome == bufstrategy.EOF:
			r.err = io.EOF
		case outcome == bufstrategy.Failed && err != io.ErrNoProgress, outcome == bufstrategy.Full && n == 0:
			r.err = err
		}
		if n > 0 || r.err != nil {
			return
		}
	}
	r.err = io.ErrNoProgress
}

// await waits if Reader is known to have nothing. The wait precedes the next try instead of
// following the last one, because the caller may have bytes to read meanwhile.
func (r *WaitReader) await() (waited bool, err error) {
	if !r.drained || r.Wait == nil {
		return false, nil
	}
	if err := r.Wait(); err != nil {
		return false, err
	}
	r.drained = false
	return true, nil
}

// returned records that a call returns the first n unread bytes. If keep is set, the call returns a
// slice of them.
func (r *WaitReader) returned(n int, keep bool) {
	if n == 0 {
		return
	}
	if !keep && n > 1 {
		r.Buffer.Discard(n - 1)
		n = 1
	}
	r.taken, r.last = n, lastRead{some: true}
}

// Read reads up to len(p) bytes, and waits only for the first of them. If nothing is buffered and p
// has room for at least Limit bytes, Read reads directly into p.
func (r *WaitReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		if r.Buffered() > 0 {
			return 0, nil
		}
		return 0, r.takeErr()
	}
	r.Settle()
	if r.Buffer.Len() == 0 {
		if r.err == nil && len(p) >= r.Buffer.Limit() {
			return r.readDirect(p)
		}
		if r.err == nil {
			r.fill()
		}
		if r.Buffer.Len() == 0 {
			return 0, r.takeErr()
		}
	}
	n := 0
	for _, s := range r.Buffer.Segments() {
		n += copy(p[n:], s)
	}
	r.returned(n, false)
	return n, nil
}

// readDirect reads from Reader into p.
func (r *WaitReader) readDirect(p []byte) (int, error) {
	for empty := 0; empty < emptyReadsMax; empty++ {
		waited, err := r.await()
		if err != nil {
			return 0, err
		}
		if waited {
			empty = 0
		}
		r.direct[0] = p
		n, err := r.Reader.TryReadv(r.direct[:])
		r.direct[0] = nil
		if n < 0 && err != nil {
			n = 0 // system calls count failure as -1
		}
		try.CheckMoved(n, len(p))
		switch {
		case err == nil:
			r.drained = n > 0 && n < len(p) && shortReadDrains(r.Reader)
		case try.WouldBlock(err):
			r.drained = true
		case errors.Is(err, io.EOF):
			r.err = io.EOF
		default:
			r.err = err
		}
		if n > 0 {
			r.last = lastRead{some: true, byte: p[n-1]}
			return n, nil
		}
		if r.err != nil {
			return 0, r.takeErr()
		}
	}
	return 0, io.ErrNoProgress
}

// Peek returns the next n bytes without reading them, and waits for them. If it returns fewer than
// n, the error is the reason.
func (r *WaitReader) Peek(n int) ([]byte, error) {
	if n < 0 {
		return nil, bufio.ErrNegativeCount
	}
	r.Settle()
	limit := r.Buffer.Limit()
	for r.Buffer.Len() < min(n, limit) && r.err == nil {
		r.fill()
	}
	p, err := r.Buffer.View(min(n, r.Buffer.Len()))
	switch {
	case err != nil:
		return nil, err
	case n > limit:
		return p, bufstrategy.ErrTooLarge
	case len(p) < n:
		return p, r.takeErr()
	}
	return p, nil
}

// Discard reads and drops n bytes. If it drops fewer than n, the error is the reason.
func (r *WaitReader) Discard(n int) (int, error) {
	if n < 0 {
		return 0, bufio.ErrNegativeCount
	}
	if n == 0 {
		return 0, nil
	}
	r.Settle()
	for left := n; ; {
		k := min(left, r.Buffer.Len())
		r.Buffer.Discard(k)
		left -= k
		switch {
		case left == 0:
			return n, nil
		case r.err != nil:
			return n - left, r.takeErr()
		}
		r.fill()
	}
}

// WriteTo reads until Reader ends, which is not an error, and writes everything to w. Bytes that w
// did not take remain to be read. In a [bufstrategy.PerLoop] it may return ErrExhausted before the
// end.
func (r *WaitReader) WriteTo(w io.Writer) (int64, error) {
	r.Settle()
	var total int64
	for {
		n, err := writeAll(r.Buffer, w)
		total += n
		switch {
		case err != nil:
			return total, err
		case r.err == io.EOF:
			r.err = nil
			return total, nil
		case r.err != nil:
			return total, r.takeErr()
		}
		r.fill()
	}
}

func shortReadDrains(src bufstrategy.TryReader) bool {
	s, ok := src.(bufstrategy.ShortReader)
	return ok && s.ShortReadDrains()
}
