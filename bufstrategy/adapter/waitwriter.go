package adapter

import (
	"io"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/bufstrategy/internal/try"
)

var (
	_ io.Writer       = (*WaitWriter)(nil)
	_ io.StringWriter = (*WaitWriter)(nil)
	_ io.ByteWriter   = (*WaitWriter)(nil)
	_ io.ReaderFrom   = (*WaitWriter)(nil)
)

// WaitWriter writes to Writer through Buffer. It is a bufio.Writer on any strategy, for a task or a
// goroutine that owns a connection. At Limit of the Buffer it writes the buffered bytes to Writer,
// and waits while the peer does not take them. It never holds more than Limit. A handler uses a
// [Writer], which never waits.
//
// A method with the name of a bufio.Writer method behaves like it. An error of Writer or Wait is
// permanent: every later call returns it, and the unwritten bytes stay in the Buffer. Exhausted
// memory is not an error: the bytes then go directly to Writer.
//
// A WaitWriter allocates nothing, except in ReadFrom with a [bufstrategy.PerLoop]. The zero value
// with Buffer and Writer is ready for use. It must not be copied while in use. Like its Buffer, it
// is not safe for concurrent use.
type WaitWriter struct {
	Buffer bufstrategy.Buffer

	// Writer is the destination of the bytes: a socket that never blocks, with Wait, or the result
	// of FromWriter.
	Writer bufstrategy.TryWriter

	// Wait suspends the caller until it makes sense to try Writer again, such as WaitWrite of a
	// connection of package stream. It is called only after Writer has returned would-block. For a
	// Writer that blocks, Wait is nil. If such a Writer returns would-block, the error is
	// io.ErrNoProgress.
	Wait func() error

	err    error
	direct [1][]byte
}

// Available returns the number of bytes that fit in the Buffer.
func (w *WaitWriter) Available() int { return w.Buffer.Limit() - w.Buffer.Len() }

// Buffered returns the number of bytes that wait to be written to Writer.
func (w *WaitWriter) Buffered() int { return w.Buffer.Len() }

// Flush writes everything that is buffered to Writer, and waits until it is done.
func (w *WaitWriter) Flush() error {
	for w.err == nil && w.Buffer.Len() > 0 {
		outcome, _, err := bufstrategy.Flush(w.Buffer, w.Writer, 0)
		switch outcome {
		case bufstrategy.Blocked:
			w.err = w.await()
		case bufstrategy.Failed:
			w.err = err
		}
	}
	return w.err
}

func (w *WaitWriter) await() error {
	if w.Wait == nil {
		return io.ErrNoProgress
	}
	return w.Wait()
}

// Write buffers p. If nothing is buffered and p is larger than Limit, Write writes p directly to
// Writer.
func (w *WaitWriter) Write(p []byte) (int, error) {
	total := 0
	for total < len(p) && w.err == nil {
		if w.Buffer.Len() == 0 && len(p)-total > w.Buffer.Limit() {
			total += w.writeDirect(p[total:])
			continue
		}
		n, err := appendAll(w.Buffer, p[total:])
		total += n
		switch {
		case err == nil:
		case w.Buffer.Len() > 0:
			_ = w.Flush() // kept in w.err
		default:
			total += w.writeDirect(p[total:])
		}
	}
	return total, w.err
}

// WriteString is like Write, for a string.
func (w *WaitWriter) WriteString(s string) (int, error) {
	total := 0
	for total < len(s) && w.err == nil {
		n, err := appendAll(w.Buffer, s[total:])
		total += n
		switch {
		case err == nil:
		case w.Buffer.Len() > 0:
			_ = w.Flush() // kept in w.err
		default:
			total += w.writeDirect([]byte(s[total:]))
		}
	}
	return total, w.err
}

// WriteByte buffers c.
func (w *WaitWriter) WriteByte(c byte) error {
	if w.err != nil {
		return w.err
	}
	if (Writer{w.Buffer}).WriteByte(c) == nil {
		return nil
	}
	if w.Flush() == nil && (Writer{w.Buffer}).WriteByte(c) != nil {
		w.writeDirect([]byte{c})
	}
	return w.err
}

// writeDirect writes p to Writer, bypassing the empty Buffer, and returns the number of bytes
// written. If that is fewer than len(p), w.err is the reason.
func (w *WaitWriter) writeDirect(p []byte) int {
	n := 0
	for n < len(p) && w.err == nil {
		w.direct[0] = p[n:]
		k, err := w.Writer.TryWritev(w.direct[:])
		w.direct[0] = nil
		if k < 0 && err != nil {
			k = 0 // system calls count failure as -1
		}
		try.CheckMoved(k, len(p)-n)
		n += k
		switch {
		case err == nil && k == 0:
			w.err = io.ErrNoProgress
		case err == nil:
		case try.WouldBlock(err):
			w.err = w.await()
		default:
			w.err = err
		}
	}
	return n
}

// ReadFrom reads from r until r ends, which is not an error, and buffers the bytes.
// io.ErrNoProgress means that r returned nothing many times in a row.
func (w *WaitWriter) ReadFrom(r io.Reader) (int64, error) {
	var total int64
	var via []byte
	for empty := 0; empty < emptyReadsMax; empty++ {
		if w.Available() == 0 {
			_ = w.Flush() // kept in w.err
		}
		if w.err != nil {
			return total, w.err
		}
		n, err := w.readOnce(r, &via)
		total += int64(n)
		switch {
		case err == io.EOF:
			return total, w.err
		case err != nil:
			return total, err
		case n > 0:
			empty = 0
		}
	}
	return total, io.ErrNoProgress
}

// viaMax bounds one read of ReadFrom if it cannot read into the Buffer.
const viaMax = 4 << 10

// readOnce reads from r into the Buffer. It reads through memory of its own in two cases: in a
// PerLoop, whose room does not survive while r waits, and if the Buffer has no memory.
func (w *WaitWriter) readOnce(r io.Reader, via *[]byte) (int, error) {
	if _, shared := w.Buffer.(*bufstrategy.PerLoop); !shared {
		if segs := w.Buffer.Space(); len(segs) > 0 {
			n, err := r.Read(segs[0])
			try.CheckMoved(n, len(segs[0]))
			w.Buffer.Commit(n)
			return n, err
		}
	}
	if *via == nil {
		*via = make([]byte, viaMax)
	}
	n, err := r.Read(*via)
	try.CheckMoved(n, len(*via))
	k, werr := w.Write((*via)[:n])
	return k, orError(werr, err)
}
