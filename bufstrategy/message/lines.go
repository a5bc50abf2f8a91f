package message

import "github.com/edgewise-go/edgewise/bufstrategy"

var (
	_ Finder = (*Lines)(nil)
	_ Finder = (*Delimited)(nil)
	_ Finder = (*Heads)(nil)
)

// Lines finds lines that end in "\n" or "\r\n". It remembers how far it has searched, so a Lines
// belongs to one Buffer. The zero value is ready for use.
type Lines struct {
	// Max is the size of the longest line in bytes, including its end. Zero, or a value above Limit
	// of the buffer, means Limit.
	Max int

	seen progress
}

// Next returns the first line without its end, and the number of bytes to Discard after handling
// it. The line is valid as long as a View of b. Next consumes nothing: without that Discard the
// next call returns the same line.
//
// The error is that of [Finder], or [bufstrategy.ErrExhausted] from View. A last line without an
// end remains ErrShort. After Fill reports EOF, View returns it.
func (l *Lines) Next(b bufstrategy.Buffer) (line []byte, size int, err error) {
	m, err := l.Find(b)
	return m.next(b, err)
}

// Find is like Next, but returns the position of the line and does not make it contiguous.
func (l *Lines) Find(b bufstrategy.Buffer) (Span, error) {
	segs, most := b.Segments(), bound(l.Max, b)
	i := index(segs, l.seen.from(b), '\n')
	switch {
	case i >= most || i < 0 && b.Len() >= most:
		return Span{}, bufstrategy.ErrTooLarge
	case i < 0:
		return Span{}, l.seen.short(b, 0)
	}
	m := Span{To: i, Size: i + 1}
	if i > 0 && byteAt(segs, i-1) == '\r' {
		m.To--
	}
	return m, nil
}

// Delimited finds messages that end in a delimiter of one or more bytes. It remembers how far it
// has searched, so a Delimited belongs to one Buffer.
type Delimited struct {
	// Delim ends each message. It must not be empty.
	Delim []byte

	// Max is the size of the longest message in bytes, including its delimiter. Zero, or a value
	// above Limit of the buffer, means Limit.
	Max int

	seen progress
}

// Next is like [Lines.Next], for messages that end in Delim.
func (d *Delimited) Next(b bufstrategy.Buffer) (message []byte, size int, err error) {
	m, err := d.Find(b)
	return m.next(b, err)
}

// Find is like Next, but returns the position of the message and does not make it contiguous.
func (d *Delimited) Find(b bufstrategy.Buffer) (Span, error) {
	if len(d.Delim) == 0 {
		panic("message: Delimited: empty Delim")
	}
	most := bound(d.Max, b)
	i := indexBytes(b.Segments(), d.seen.from(b), d.Delim)
	switch {
	case i+len(d.Delim) > most && i >= 0 || i < 0 && b.Len() >= most:
		return Span{}, bufstrategy.ErrTooLarge
	case i < 0:
		return Span{}, d.seen.short(b, len(d.Delim)-1)
	}
	return Span{To: i, Size: i + len(d.Delim)}, nil
}

// Heads finds heads: lines up to and including the first empty one, as in HTTP/1, mail and event
// streams. A line ends in "\n" or "\r\n", as net/http accepts. A head includes its empty line, as
// http.ReadRequest requires. An empty line at the start of a head is a head by itself. A server
// skips one (RFC 9112, section 2.2).
//
// Heads remembers how far it has searched, so a Heads belongs to one Buffer. The zero value is
// ready for use.
type Heads struct {
	// Max is the size of the longest head in bytes, including its empty line. Zero, or a value
	// above Limit of the buffer, means Limit.
	Max int

	seen progress
}

// Next is like [Lines.Next], for heads.
func (h *Heads) Next(b bufstrategy.Buffer) (head []byte, size int, err error) {
	m, err := h.Find(b)
	return m.next(b, err)
}

// Find is like Next, but returns the position of the head and does not make it contiguous.
func (h *Heads) Find(b bufstrategy.Buffer) (Span, error) {
	segs, most := b.Segments(), bound(h.Max, b)
	i := index(segs, h.seen.from(b), '\n')
	for i >= 0 && i < most && !endsEmptyLine(segs, i) {
		i = index(segs, i+1, '\n')
	}
	switch {
	case i >= most || i < 0 && b.Len() >= most:
		return Span{}, bufstrategy.ErrTooLarge
	case i < 0:
		return Span{}, h.seen.short(b, 0)
	}
	return Span{To: i + 1, Size: i + 1}, nil
}

// endsEmptyLine reports whether the line that ends in the "\n" at position i is empty, apart from
// an optional "\r".
func endsEmptyLine(segs [][]byte, i int) bool {
	if i > 0 && byteAt(segs, i-1) == '\r' {
		i--
	}
	return i == 0 || byteAt(segs, i-1) == '\n'
}
