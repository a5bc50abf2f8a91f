// Package spare keeps the parts that a record of a queue has only while it is busy. A record names
// its part by number, so that it needs no pointer. Memory without pointers is not scanned by the
// garbage collector.
package spare

// Kept bounds the unused parts that are kept. It is more than the records that become busy in one
// turn of a loop. The garbage collector frees the others.
const Kept = 1024

// Parts are parts in use, by number, and some unused ones. The zero value is empty. The caller
// holds the lock of the queue in every call.
type Parts[T any] struct {
	used  []*T     // nil if the number is free
	free  []uint32 // the free numbers
	spare []*T
}

// Take returns an empty part and its number.
func (p *Parts[T]) Take() (uint32, *T) {
	var part *T
	if n := len(p.spare); n > 0 {
		part, p.spare = p.spare[n-1], p.spare[:n-1]
	} else {
		part = new(T)
	}
	n := len(p.free)
	if n == 0 {
		p.used = append(p.used, part)
		return uint32(len(p.used) - 1), part
	}
	i := p.free[n-1]
	p.free = p.free[:n-1]
	p.used[i] = part
	return i, part
}

// At returns the part with this number, which is in use.
func (p *Parts[T]) At(i uint32) *T { return p.used[i] }

// Give empties a part that was taken, and frees its number.
func (p *Parts[T]) Give(i uint32) {
	part := p.used[i]
	p.used[i] = nil
	p.free = append(p.free, i)
	var empty T
	*part = empty
	if len(p.spare) < Kept {
		p.spare = append(p.spare, part)
	}
}
