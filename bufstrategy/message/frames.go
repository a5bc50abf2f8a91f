package message

import (
	"encoding/binary"

	"github.com/edgewise-go/edgewise/bufstrategy"
)

var _ Finder = (*Frames)(nil)

// Frames finds messages that start with their length. With the zero value the length is a uvarint
// as written by package encoding/binary, which protobuf calls delimited.
type Frames struct {
	// Width is the size of the length in bytes: 1 to 8, or zero for a uvarint of at most 10.
	Width int

	// LittleEndian is the byte order of a length that is not a uvarint. Without it the length is
	// big-endian.
	LittleEndian bool

	// Inclusive means that the length includes its own bytes. A length too small for them is
	// ErrMalformed.
	Inclusive bool

	// Max is the size of the largest frame in bytes, including its length. Zero, or a value above
	// Limit of the buffer, means Limit. It is checked as soon as the length has arrived, before the
	// caller waits for any byte of the message.
	Max int
}

// Next returns the message of the first frame, without the length, and the number of bytes to
// Discard after handling it. The message is valid as long as a View of b. Next consumes nothing:
// without that Discard the next call returns the same message.
//
// The error is that of [Finder], or [bufstrategy.ErrExhausted] from View. The length is unsigned:
// one that the peer meant as negative is huge, and therefore ErrTooLarge. A uvarint of more than 64
// bits or 10 bytes is ErrMalformed.
func (f *Frames) Next(b bufstrategy.Buffer) (message []byte, size int, err error) {
	m, err := f.Find(b)
	return m.next(b, err)
}

// Find is like Next, but returns the position of the message and does not make it contiguous.
func (f *Frames) Find(b bufstrategy.Buffer) (Span, error) {
	most := bound(f.Max, b)
	var buf [binary.MaxVarintLen64]byte
	n := 0
	for _, s := range b.Segments() {
		if n += copy(buf[n:], s); n == len(buf) {
			break
		}
	}
	n = min(n, most)
	length, header, err := f.length(buf[:n])
	switch {
	case err == bufstrategy.ErrShort && n == most:
		return Span{}, bufstrategy.ErrTooLarge
	case err != nil:
		return Span{}, err
	}
	if f.Inclusive {
		if length < uint64(header) {
			return Span{}, ErrMalformed
		}
		length -= uint64(header)
	}
	if length > uint64(most-header) {
		return Span{}, bufstrategy.ErrTooLarge
	}
	size := header + int(length)
	if size > b.Len() {
		return Span{}, bufstrategy.ErrShort
	}
	return Span{From: header, To: size, Size: size}, nil
}

// length decodes the length at the start of p, and returns its size in bytes.
func (f *Frames) length(p []byte) (length uint64, header int, err error) {
	switch {
	case f.Width < 0 || f.Width > 8:
		panic("message: Frames: Width: want 0 to 8")
	case f.Width == 0:
		length, header = binary.Uvarint(p)
		if header < 0 || header == 0 && len(p) == binary.MaxVarintLen64 {
			return 0, 0, ErrMalformed
		}
		if header == 0 {
			return 0, 0, bufstrategy.ErrShort
		}
		return length, header, nil
	case len(p) < f.Width:
		return 0, 0, bufstrategy.ErrShort
	}
	for i := range f.Width {
		c := p[i]
		if f.LittleEndian {
			c = p[f.Width-1-i]
		}
		length = length<<8 | uint64(c)
	}
	return length, f.Width, nil
}
