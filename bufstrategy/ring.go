package bufstrategy

import "github.com/edgewise-go/edgewise/bufstrategy/internal/poison"

var _ Buffer = (*Ring)(nil)

// Ring is one array whose size is a power of two, allocated when it is first needed. The unread
// bytes wrap around its end and are never moved. A Space or a Segments therefore has up to two
// segments.
//
// Ring copies only for a View that wraps, into a second array that grows to the largest such View
// and stays until Trim or Release. The two arrays, and the one that a larger View replaces, take at
// most two and a half times Limit. Trim gives the array back if the buffer is empty, and otherwise
// only the memory of Views.
type Ring struct {
	account
	buf  []byte
	head int // position of the first unread byte
	n    int // unread bytes
	flat []byte
	seen int // flat[:seen] is a copy of the first unread bytes
	vec  [2][]byte
}

// NewRing returns a Ring. It uses Limit, rounded up to a power of two, High, Low, Watcher, Budget
// and Poison of the options.
func NewRing(o Options) (*Ring, error) {
	if o.Limit > 0 && o.Limit <= MaxLimit {
		o.Limit = powerOfTwo(o.Limit)
	}
	o, err := o.checked("ring")
	if err != nil {
		return nil, err
	}
	r := &Ring{account: newAccount(o)}
	r.watch(r, o.Watcher)
	return r, nil
}

// Space offers all free bytes, in one or two segments.
func (r *Ring) Space() [][]byte {
	if r.buf == nil {
		if !r.allocate(r.stats.Resident, r.limit) {
			return r.none()
		}
		r.buf = make([]byte, r.limit)
	}
	return r.free()
}

// none is a Space that offers nothing.
func (r *Ring) none() [][]byte {
	r.offered = 0
	r.stats.Full++
	return nil
}

func (r *Ring) free() [][]byte {
	if r.n == r.limit {
		return r.none()
	}
	r.offered = r.limit - r.n
	return r.around(r.head+r.n, r.offered)
}

// around returns the n bytes, more than zero, that start at position from. They form one segment
// unless they wrap at the end of buf.
func (r *Ring) around(from, n int) [][]byte {
	from &= r.limit - 1
	end := min(from+n, len(r.buf))
	r.vec[0] = r.buf[from:end:end]
	rest := n - (end - from)
	if rest == 0 {
		return r.vec[:1]
	}
	r.vec[1] = r.buf[:rest:rest]
	return r.vec[:]
}

// Commit makes n bytes of the space readable.
func (r *Ring) Commit(n int) {
	r.claim(n)
	r.n += n
	r.level(r.n)
}

// Segments returns the unread bytes, in one or two segments.
func (r *Ring) Segments() [][]byte {
	r.offered = 0
	if r.n == 0 {
		return nil
	}
	return r.around(r.head, r.n)
}

// View returns n bytes, and copies them if they wrap.
func (r *Ring) View(n int) ([]byte, error) {
	r.offered = 0
	if err := checkView(n, r.n, r.limit); err != nil {
		return nil, err
	}
	if end := r.head + n; end <= len(r.buf) {
		return r.buf[r.head:end:end], nil
	}
	if n > len(r.flat) {
		if !r.allocate(r.stats.Resident, powerOfTwo(n)) {
			return nil, ErrExhausted
		}
		flat := make([]byte, powerOfTwo(n))
		r.stats.Copied += uint64(copy(flat, r.flat[:r.seen]))
		r.dropFlat()
		r.flat = flat
	}
	r.stats.Copied += uint64(n - min(n, r.seen))
	for r.seen < n {
		// The first iteration copies up to the wrap, the second the rest.
		r.seen += copy(r.flat[r.seen:n], r.around(r.head+r.seen, n-r.seen)[0])
	}
	return r.flat[:n:n], nil
}

// Discard consumes n bytes.
func (r *Ring) Discard(n int) {
	r.consume(n, r.n)
	r.drop(n)
	r.level(r.n)
}

// drop drops the first n unread bytes.
func (r *Ring) drop(n int) {
	if n == 0 {
		return
	}
	if r.poison {
		for _, s := range r.around(r.head, n) {
			poison.Fill(s)
		}
		poison.Fill(r.flat[:r.seen])
	}
	r.seen = 0
	r.n -= n
	r.head = (r.head + n) & (r.limit - 1)
	if r.n == 0 {
		r.head = 0 // fewer wraps
	}
}

// Len returns the number of unread bytes.
func (r *Ring) Len() int { return r.n }

func (r *Ring) dropFlat() {
	r.spoil(r.flat)
	r.freed(len(r.flat))
	r.flat = nil
}

// Trim gives back the memory of Views, and the array if the buffer is empty.
func (r *Ring) Trim() {
	r.offered = 0
	if r.n == 0 {
		r.Release()
		return
	}
	r.dropFlat()
	r.seen = 0
}

// Release drops the unread bytes and gives all memory back.
func (r *Ring) Release() {
	r.offered = 0
	r.drop(r.n)
	r.dropFlat()
	r.freed(len(r.buf))
	r.buf = nil
	r.vec = [2][]byte{}
	r.level(0)
}
