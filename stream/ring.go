package stream

// ringBytesMin is the first allocation of a ring.
const ringBytesMin = 4 << 10

// ring holds bytes in order. Its size doubles as needed and never shrinks.
type ring struct {
	buf  []byte // its length is zero or a power of two times ringBytesMin
	head int    // of the first byte
	n    int    // bytes held
}

// put appends p.
func (r *ring) put(p []byte) {
	if need := r.n + len(p); need > len(r.buf) {
		r.grow(need)
	}
	tail := (r.head + r.n) & (len(r.buf) - 1)
	copied := copy(r.buf[tail:], p)
	copy(r.buf, p[copied:])
	r.n += len(p)
}

func (r *ring) grow(need int) {
	size := max(2*len(r.buf), ringBytesMin)
	for size < need {
		size *= 2
	}
	buf := make([]byte, size)
	var spans [2][]byte
	at := 0
	for _, s := range r.spans(&spans) {
		at += copy(buf[at:], s)
	}
	r.buf, r.head = buf, 0
}

// spans sets s to the held bytes, in order.
func (r *ring) spans(s *[2][]byte) [][]byte {
	end := r.head + r.n
	if end <= len(r.buf) {
		s[0], s[1] = r.buf[r.head:end], nil
		return s[:1]
	}
	s[0], s[1] = r.buf[r.head:], r.buf[:end-len(r.buf)]
	return s[:2]
}

// drop removes the first n bytes.
func (r *ring) drop(n int) {
	r.n -= n
	r.head = (r.head + n) & max(len(r.buf)-1, 0)
	if r.n == 0 {
		r.head = 0
	}
}
