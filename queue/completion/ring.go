package completion

// ring is a queue of values, first in, first out. It grows as needed.
type ring[V any] struct {
	values []V // a power of two of them, or none
	head   int // the first value; counts on without end, as does tail
	tail   int // after the last
}

func (r *ring[V]) len() int { return r.tail - r.head }

func (r *ring[V]) push(v V) {
	if r.len() == len(r.values) {
		grown := make([]V, max(16, 2*len(r.values)))
		for i := range r.len() {
			grown[i] = r.values[(r.head+i)&(len(r.values)-1)]
		}
		r.values, r.head, r.tail = grown, 0, r.len()
	}
	r.values[r.tail&(len(r.values)-1)] = v
	r.tail++
}

// pop removes the first value, which must exist.
func (r *ring[V]) pop() V {
	var zero V
	at := &r.values[r.head&(len(r.values)-1)]
	v := *at
	*at = zero
	r.head++
	return v
}
