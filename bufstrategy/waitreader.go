package bufstrategy

import (
	"bufio"
	"errors"
	"io"
)

var (
	_ io.Reader      = (*WaitReader)(nil)
	_ io.ByteScanner = (*WaitReader)(nil)
	_ io.RuneScanner = (*WaitReader)(nil)
	_ io.WriterTo    = (*WaitReader)(nil)
)

// WaitReader reads from Reader through Buffer and waits where there is nothing yet: it is what
// bufio.Reader is, on any strategy, for a task or a goroutine that has a connection to itself. A
// [Reader], which never waits, is for a handler.
//
// A method that has the name of one of bufio.Reader behaves as that does, with these differences:
//   - ErrTooLarge stands where bufio says ErrBufferFull: Limit of the Buffer is what its size is
//     there.
//   - ReadBytes and ReadString return no more than Limit bytes: ErrTooLarge, with what has come so
//     far, says that the delimiter is farther away. bufio takes all the memory that a peer makes it
//     take.
//   - UnreadByte works only right after a call that has returned bytes.
//   - ErrExhausted means that there was no memory to read into. Nothing was lost: try again later.
//
// An error of Reader or Wait is kept until the bytes before it have been read, and is returned
// once; the next call tries again. So after a deadline the reader goes on as if nothing had
// happened once the deadline has been moved.
//
// A slice that a method returns is in the Buffer, and valid until the next call of any method other
// than Buffered; in a [PerLoop], also until another buffer of its Scratch reads, which in a task is
// the next time that the task waits. The bytes of such a slice, and one byte for UnreadByte, stay
// in the Buffer until the next call; Settle consumes them.
//
// It reads on as long as Reader has something, up to Limit bytes, and does not wait while bytes
// are unread. So a task whose peer never pauses must itself let others run.
//
// A WaitReader allocates nothing but what ReadBytes and ReadString return. The zero value with
// Buffer and Reader is ready for use. It must not be copied while it is used, and it is as little
// safe for concurrent use as its Buffer.
type WaitReader struct {
	Buffer Buffer

	// Reader is where the bytes come from: a socket that never blocks, with Wait, or one of
	// FromReader.
	Reader TryReader

	// Wait suspends the caller until it makes sense to try Reader again, such as WaitRead of a
	// connection of package stream. It is called only after Reader has said would-block, or
	// declared a short read to mean that. nil is for a Reader that blocks.
	Wait func() error

	err     error // of Reader or Wait, to be returned when the unread bytes are gone
	drained bool  // Reader would block
	taken   int   // unread bytes of Buffer that the last call has returned
	last    lastRead
	direct  [1][]byte
}

// lastRead is what UnreadByte and UnreadRune may take back.
type lastRead struct {
	some bool // bytes were returned
	rune int  // the size of the rune, when it was one
	byte byte // the last byte, when it did not come by way of Buffer
}

// Buffered is the number of bytes that can be read without waiting.
func (r *WaitReader) Buffered() int { return r.Buffer.Len() - r.taken }

// Settle consumes in the Buffer what the last call has returned, which ends the slice that it
// returned and the chance to unread. Buffer then holds what is to be read and nothing else: for
// somebody else to take over, or to be trimmed before a long silence.
func (r *WaitReader) Settle() {
	if r.taken > 0 {
		r.Buffer.Discard(r.taken)
	}
	r.taken, r.last = 0, lastRead{}
}

// takeErr returns the error that was kept.
func (r *WaitReader) takeErr() error {
	err := r.err
	r.err = nil
	return err
}

// fill returns when more bytes are unread, or an error is kept. The Buffer is not at its Limit.
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
		outcome, n, err := Fill(r.Buffer, r.Reader, 0)
		r.drained = outcome == Drained
		switch {
		case outcome == EOF:
			r.err = io.EOF
		case outcome == Failed && err != io.ErrNoProgress, outcome == Full && n == 0:
			r.err = err
		}
		if n > 0 || r.err != nil {
			return
		}
	}
	r.err = io.ErrNoProgress
}

// await waits if Reader is known to have nothing. The wait comes before the next try, not right
// after the last one: meanwhile bytes may have been there to be read.
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

// returned notes that a call returns the first n unread bytes, or a slice of them if keep.
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

// Read reads up to len(p) bytes, and waits only for the first of them. When nothing is buffered and
// p has room for Limit bytes or more, it reads straight into p.
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
		checkMoved(n, len(p))
		switch {
		case err == nil:
			r.drained = n > 0 && n < len(p) && shortReadDrains(r.Reader)
		case wouldBlock(err):
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

// Peek returns the next n bytes without reading them, and waits for them. With fewer than n it
// returns why.
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
		return p, ErrTooLarge
	case len(p) < n:
		return p, r.takeErr()
	}
	return p, nil
}

// Discard reads n bytes and forgets them. With fewer than n it returns why.
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

// WriteTo reads until Reader ends, which is no error, and writes everything to w. What w did not
// take is still to be read. In a [PerLoop] it may return ErrExhausted before the end.
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
