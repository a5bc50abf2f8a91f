package adapter

import (
	"errors"
	"io"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/bufstrategy/internal/try"
)

// ErrEmpty is the error of a Reader if no bytes are unread and more may arrive. Its WouldBlock
// method reports true.
var ErrEmpty error = wouldBlockError("adapter: buffer empty")

// ErrFull is the error of a Writer if not all bytes fit. Its WouldBlock method reports true.
var ErrFull error = wouldBlockError("adapter: buffer full")

type wouldBlockError string

func (e wouldBlockError) Error() string    { return string(e) }
func (e wouldBlockError) WouldBlock() bool { return true }

var (
	_ io.Reader      = (*Reader)(nil)
	_ io.ByteScanner = (*Reader)(nil)
	_ io.WriterTo    = (*Reader)(nil)
)

// Reader adapts the unread bytes of Buffer for code that wants an io.Reader, io.ByteScanner or
// io.WriterTo. It never blocks. A Reader may be created, copied before use and dropped at any time,
// except after UnreadByte. The Reader, not the Buffer, then holds the byte that was unread.
type Reader struct {
	Buffer bufstrategy.Buffer

	// End is returned instead of ErrEmpty if the buffer is empty. The caller sets it to io.EOF once
	// Fill has reported EOF.
	End error

	last   byte
	canUn  bool // last is the last byte of the most recent operation
	undone bool // last is to be read again
}

// Read copies unread bytes to p and consumes them. If there are none, it returns End, or ErrEmpty
// if End is nil.
func (r *Reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	n := r.again(p)
	k := 0
	if n < len(p) {
		for _, s := range r.Buffer.Segments() {
			k += copy(p[n+k:], s)
		}
		r.Buffer.Discard(k)
	}
	n += k
	if n == 0 {
		r.canUn = false
		return 0, r.empty()
	}
	r.last, r.canUn = p[n-1], true
	return n, nil
}

// again stores the byte that was unread in p.
func (r *Reader) again(p []byte) int {
	if !r.undone {
		return 0
	}
	r.undone = false
	p[0] = r.last
	return 1
}

func (r *Reader) empty() error {
	if r.End != nil {
		return r.End
	}
	return ErrEmpty
}

// ReadByte consumes one byte.
func (r *Reader) ReadByte() (byte, error) {
	if r.undone {
		r.undone, r.canUn = false, true
		return r.last, nil
	}
	p, err := r.Buffer.View(1)
	if err != nil {
		r.canUn = false
		if errors.Is(err, bufstrategy.ErrShort) {
			err = r.empty()
		}
		return 0, err
	}
	r.last, r.canUn = p[0], true
	r.Buffer.Discard(1)
	return r.last, nil
}

// UnreadByte makes the next method of this Reader return the last byte of Read or ReadByte again.
func (r *Reader) UnreadByte() error {
	if !r.canUn {
		return errors.New("adapter: UnreadByte: previous operation read no byte")
	}
	r.canUn, r.undone = false, true
	return nil
}

// WriteTo writes all unread bytes to w and consumes those that w took. It returns nil once the
// buffer is empty. WriteTo first moves the bytes of a [bufstrategy.PerLoop] out of its Scratch,
// because w may read into it. That costs a copy, and returns [bufstrategy.ErrExhausted] if there is
// no memory.
func (r *Reader) WriteTo(w io.Writer) (int64, error) {
	var total int64
	r.canUn = false
	if r.undone {
		n, err := w.Write([]byte{r.last})
		if n != 1 {
			return 0, orError(err, io.ErrShortWrite)
		}
		r.undone = false
		total++
		if err != nil {
			return total, err
		}
	}
	n, err := writeAll(r.Buffer, w)
	return total + n, err
}

// writeAll writes one segment per call, because w may itself want memory that a Discard frees.
func writeAll(b bufstrategy.Buffer, w io.Writer) (int64, error) {
	var total int64
	for b.Len() > 0 {
		// Segments in the array of a PerLoop are invalid once w, or a task that runs while w waits,
		// reads into the same array.
		if s, ok := b.(*bufstrategy.PerLoop); ok {
			if err := s.Detach(); err != nil {
				return total, err
			}
		}
		s := b.Segments()[0]
		n, err := w.Write(s)
		try.CheckMoved(max(n, 0), len(s))
		b.Discard(max(n, 0))
		total += int64(max(n, 0))
		if err != nil || n < len(s) {
			return total, orError(err, io.ErrShortWrite)
		}
	}
	return total, nil
}

func orError(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}
