// Package fleet makes the buffers of one loop, with what a loop of such buffers has: a cache of the
// pool of all loops, and an array to read into.
package fleet

import (
	"math"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/bufstrategy/memory"
)

// Fleet is the buffers of a strategy of bufstrategy.
type Fleet struct {
	options  bufstrategy.Options
	name     string
	pool     *memory.Pool
	magazine *memory.Magazine
	scratch  [Output + 1]*bufstrategy.Scratch
}

// Side is the purpose of a buffer. Buffers on one array exclude each other, so that the output of a
// proxy needs a second array.
type Side uint8

// The sides.
const (
	Input Side = iota
	Output
)

// keepBytes bounds the memory that the pool keeps for reuse. It also bounds that of the magazine.
const keepBytes = 512 << 10

// New makes a fleet without buffers. limit bounds each buffer; segment is the size of a segment, or
// 0 for that of the strategy.
func New(name string, limit, segment int) (*Fleet, error) {
	pool, err := memory.NewPool(math.MaxInt, keepBytes)
	if err != nil {
		return nil, err
	}
	f := &Fleet{name: name, pool: pool}
	if f.magazine, err = pool.NewMagazine(keepBytes); err != nil {
		return nil, err
	}
	for i := range f.scratch {
		if f.scratch[i], err = bufstrategy.NewMagazineScratch(limit, f.magazine); err != nil {
			return nil, err
		}
	}
	f.options = bufstrategy.Options{Limit: limit, Segment: segment, Magazine: f.magazine}
	return f, nil
}

// New makes a buffer.
func (f *Fleet) New(s Side) (bufstrategy.Buffer, error) {
	options := f.options
	options.Scratch = f.scratch[s]
	return bufstrategy.ByName(f.name, options)
}

// Memory returns the bytes that all buffers hold. sum is the sum of what each one reports, and
// proxy means that both sides are in use. The pool counts as it reports itself. Buffers that take
// memory from the pool also count it. A buffer of perloop also counts the array, as long as its
// bytes are there.
func (f *Fleet) Memory(sum int, proxy bool) int {
	s := f.pool.Stats()
	if f.name == "perloop" {
		arrays := f.scratch[Input].Size()
		if proxy {
			arrays += f.scratch[Output].Size()
		}
		return s.Lent + s.Cached + s.Kept + arrays
	}
	// The cache reports late what it has lent, but at once what it has taken from the pool.
	return max(sum, s.Lent+s.Cached) + s.Kept
}

// Drop gives back what is kept for reuse.
func (f *Fleet) Drop() {
	f.magazine.Trim()
	f.pool.Trim()
}
