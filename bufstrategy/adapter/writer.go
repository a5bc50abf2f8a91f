package adapter

import (
	"io"

	"github.com/edgewise-go/edgewise/bufstrategy"
)

var (
	_ io.Writer       = Writer{}
	_ io.StringWriter = Writer{}
	_ io.ByteWriter   = Writer{}
	_ io.ReaderFrom   = Writer{}
)

// Writer appends to Buffer for code that wants an io.Writer, io.StringWriter, io.ByteWriter or
// io.ReaderFrom. It never blocks, and it ignores Paused. If the buffer has no room, it returns
// ErrFull and the number of bytes appended. If there is room but no memory, it returns
// [bufstrategy.ErrExhausted] instead.
type Writer struct{ Buffer bufstrategy.Buffer }

// Write appends p.
func (w Writer) Write(p []byte) (int, error) { return appendAll(w.Buffer, p) }

// WriteString appends s.
func (w Writer) WriteString(s string) (int, error) { return appendAll(w.Buffer, s) }

func appendAll[P []byte | string](b bufstrategy.Buffer, p P) (int, error) {
	n := 0
	for n < len(p) {
		segs := b.Space()
		if len(segs) == 0 {
			return n, noSpace(b)
		}
		k := 0
		for _, s := range segs {
			k += copy(s, p[n+k:])
		}
		b.Commit(k)
		n += k
	}
	return n, nil
}

// noSpace returns the reason why b offers no space.
func noSpace(b bufstrategy.Buffer) error {
	if b.Len() < b.Limit() {
		return bufstrategy.ErrExhausted
	}
	return ErrFull
}

// WriteByte appends c.
func (w Writer) WriteByte(c byte) error {
	segs := w.Buffer.Space()
	if len(segs) == 0 {
		return noSpace(w.Buffer)
	}
	segs[0][0] = c
	w.Buffer.Commit(1)
	return nil
}

// emptyReadsMax bounds the consecutive reads that return neither bytes nor an error.
const emptyReadsMax = 100

// ReadFrom reads from r into the buffer until r ends, which is not an error, until r fails, or
// until the buffer is full. It reads no byte that it cannot keep. io.ErrNoProgress means that r
// returned nothing many times in a row. If Buffer is a [bufstrategy.PerLoop], no other code may use
// its Scratch until r.Read has returned. A [WaitWriter] has no such rule.
func (w Writer) ReadFrom(r io.Reader) (int64, error) {
	var total int64
	for empty := 0; empty < emptyReadsMax; {
		segs := w.Buffer.Space()
		if len(segs) == 0 {
			return total, noSpace(w.Buffer)
		}
		n, err := r.Read(segs[0])
		w.Buffer.Commit(n)
		total += int64(n)
		switch {
		case err == io.EOF:
			return total, nil
		case err != nil:
			return total, err
		case n == 0:
			empty++
		default:
			empty = 0
		}
	}
	return total, io.ErrNoProgress
}
