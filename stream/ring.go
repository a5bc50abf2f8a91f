package stream

// ringBytesMin is what a ring allocates at first.
const ringBytesMin = 4 << 10

// ring holds bytes in order. It grows with what is put into it, doubled each time, and keeps what
// it has grown to.
type ring struct {
	buf  []byte // its length is zero or a power of two times ringBytesMin
	head int    // of the first byte
	n    int    // bytes that are held
}

// put adds p behind what is held.
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

// spans sets s to the bytes that are held, in order.
func (r *ring) spans(s *[2][]byte) [][]byte {
	end := r.head + r.n
	if end <= len(r.buf) {
		s[0], s[1] = r.buf[r.head:end], nil
		return s[:1]
	}
	s[0], s[1] = r.buf[r.head:], r.buf[:end-len(r.buf)]
	return s[:2]
}

// drop takes the first n bytes away.
func (r *ring) drop(n int) {
	r.n -= n
	r.head = (r.head + n) & max(len(r.buf)-1, 0)
	if r.n == 0 {
		r.head = 0
	}
}
