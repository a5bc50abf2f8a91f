package bufstrategy

var (
	_ Finder = (*Lines)(nil)
	_ Finder = (*Delimited)(nil)
	_ Finder = (*Heads)(nil)
)

// Lines finds lines that end in "\n" or "\r\n". It remembers how far it has looked: it belongs to
// one Buffer. A value is ready for use.
type Lines struct {
	// Max is the longest line in bytes, its end included. Zero, or more than Limit of the buffer,
	// means Limit.
	Max int

	seen progress
}

// Next returns the first line without its end, valid as long as a View of b, and the number of
// bytes to Discard when it has been dealt with. It consumes nothing, so that without that Discard
// the next call returns the same line.
//
// The error is that of [Finder] or ErrExhausted of View. A last line without an end is ErrShort for
// ever: after EOF of Fill it is what View shows.
func (l *Lines) Next(b Buffer) (line []byte, size int, err error) {
	m, err := l.Find(b)
	return m.next(b, err)
}

// Find is Next that says where the line lies rather than make it lie together.
func (l *Lines) Find(b Buffer) (Span, error) {
	segs, most := b.Segments(), bound(l.Max, b)
	i := index(segs, l.seen.from(b), '\n')
	switch {
	case i >= most || i < 0 && b.Len() >= most:
		return Span{}, ErrTooLarge
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
// has looked: it belongs to one Buffer.
type Delimited struct {
	// Delim ends each message. It must not be empty.
	Delim []byte

	// Max is the longest message in bytes, its delimiter included. Zero, or more than Limit of the
	// buffer, means Limit.
	Max int

	seen progress
}

// Next is [Lines.Next] for messages that end in Delim.
func (d *Delimited) Next(b Buffer) (message []byte, size int, err error) {
	m, err := d.Find(b)
	return m.next(b, err)
}

// Find is Next that says where the message lies rather than make it lie together.
func (d *Delimited) Find(b Buffer) (Span, error) {
	if len(d.Delim) == 0 {
		panic("bufstrategy: Delimited without a Delim")
	}
	most := bound(d.Max, b)
	i := indexBytes(b.Segments(), d.seen.from(b), d.Delim)
	switch {
	case i+len(d.Delim) > most && i >= 0 || i < 0 && b.Len() >= most:
		return Span{}, ErrTooLarge
	case i < 0:
		return Span{}, d.seen.short(b, len(d.Delim)-1)
	}
	return Span{To: i, Size: i + len(d.Delim)}, nil
}

// Heads finds heads: lines up to the first empty one, as HTTP/1, mail and event streams have. A
// line ends in "\n" or "\r\n", which is what net/http takes. A head includes its empty line, so
// that http.ReadRequest is content with it. An empty line where a head would begin is a head of its
// own; a server skips one (RFC 9112, section 2.2).
//
// It remembers how far it has looked: it belongs to one Buffer. A value is ready for use.
type Heads struct {
	// Max is the longest head in bytes, its empty line included. Zero, or more than Limit of the
	// buffer, means Limit.
	Max int

	seen progress
}

// Next is [Lines.Next] for heads.
func (h *Heads) Next(b Buffer) (head []byte, size int, err error) {
	m, err := h.Find(b)
	return m.next(b, err)
}

// Find is Next that says where the head lies rather than make it lie together.
func (h *Heads) Find(b Buffer) (Span, error) {
	segs, most := b.Segments(), bound(h.Max, b)
	i := index(segs, h.seen.from(b), '\n')
	for i >= 0 && i < most && !endsEmptyLine(segs, i) {
		i = index(segs, i+1, '\n')
	}
	switch {
	case i >= most || i < 0 && b.Len() >= most:
		return Span{}, ErrTooLarge
	case i < 0:
		return Span{}, h.seen.short(b, 0)
	}
	return Span{To: i + 1, Size: i + 1}, nil
}

// endsEmptyLine reports whether the line that ends in the "\n" at position i has no byte but
// perhaps a "\r".
func endsEmptyLine(segs [][]byte, i int) bool {
	if i > 0 && byteAt(segs, i-1) == '\r' {
		i--
	}
	return i == 0 || byteAt(segs, i-1) == '\n'
}
