package bufstrategy

import "encoding/binary"

var _ Finder = (*Frames)(nil)

// Frames finds messages that begin with their length. The zero value takes the length for a uvarint
// as package encoding/binary writes it, which is what protobuf calls delimited.
type Frames struct {
	// Width is the bytes of the length: 1 to 8, or zero for a uvarint of at most 10.
	Width int

	// LittleEndian is the order of a length that is not a uvarint. Without it the first byte is the
	// highest.
	LittleEndian bool

	// Inclusive says that the length counts its own bytes too. One that is too small for them is
	// ErrMalformed.
	Inclusive bool

	// Max is the largest frame in bytes, its length included. Zero, or more than Limit of the
	// buffer, means Limit. It is compared as soon as the length is there, before any byte of the
	// message has been waited for.
	Max int
}

// Next returns the message of the first frame, without the length, valid as long as a View of b,
// and the number of bytes to Discard when it has been dealt with. It consumes nothing, so that
// without that Discard the next call returns the same message.
//
// The error is that of [Finder] or ErrExhausted of View. A length is not signed: one that the peer
// meant to be negative is huge, and so ErrTooLarge. ErrMalformed is a uvarint of more than 64 bits
// or 10 bytes.
func (f *Frames) Next(b Buffer) (message []byte, size int, err error) {
	m, err := f.Find(b)
	return m.next(b, err)
}

// Find is Next that says where the message lies rather than make it lie together.
func (f *Frames) Find(b Buffer) (Span, error) {
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
	case err == ErrShort && n == most:
		return Span{}, ErrTooLarge
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
		return Span{}, ErrTooLarge
	}
	size := header + int(length)
	if size > b.Len() {
		return Span{}, ErrShort
	}
	return Span{From: header, To: size, Size: size}, nil
}

// length decodes the length at the beginning of p, and counts its bytes.
func (f *Frames) length(p []byte) (length uint64, header int, err error) {
	switch {
	case f.Width < 0 || f.Width > 8:
		panic("bufstrategy: Frames: Width is not 0 to 8")
	case f.Width == 0:
		length, header = binary.Uvarint(p)
		if header < 0 || header == 0 && len(p) == binary.MaxVarintLen64 {
			return 0, 0, ErrMalformed
		}
		if header == 0 {
			return 0, 0, ErrShort
		}
		return length, header, nil
	case len(p) < f.Width:
		return 0, 0, ErrShort
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
