package bufstrategy

import (
	"fmt"
	"math/bits"
)

// Defaults of Options, in bytes. Bulk reads cost least in pieces of 16 to 128 KiB: smaller ones pay
// more system calls, larger ones leave the processor's cache.
const (
	DefaultLimit   = 64 << 10
	DefaultInitial = 4 << 10
	DefaultSegment = 16 << 10
)

// MaxLimit is the largest Options.Limit, in bytes. Rounded up to a power of two it still fits an
// int of 32 bits.
const MaxLimit = 1 << 30

// Options configure a buffer. All sizes are in bytes; zero means the default.
type Options struct {
	// Limit is the number of unread bytes the buffer holds at most. Ring rounds it up to a power of
	// two.
	Limit int

	// High and Low are the watermarks of Paused: 0 <= Low < High <= Limit.
	// The default of High is the buffer's Limit; the default of Low is half of High.
	High, Low int

	// Watcher is told of each crossing of the watermarks. nil means nobody.
	Watcher Watcher

	// Budget bounds the memory of this buffer together with that of others. nil means that only
	// Limit does. A Chain on a Pool that was given to it, and a PerLoop, are bounded by the budget
	// of their Pool instead.
	Budget *MemoryBudget

	// Poison overwrites bytes with the byte Poison when they are discarded or released, or moved
	// away from, to find who reads them later. It never touches unread bytes.
	Poison bool

	// Initial is the first array of a Grow, and the smallest of an Adaptive. Larger than Limit
	// means Limit.
	Initial int

	// Predictor is what the Adaptives of a loop learn together. nil means that each begins with
	// Initial.
	Predictor *Predictor

	// Segment is the size of the segments of a Chain, rounded up to a power of two.
	Segment int

	// Lender is who gets the segments back that were lent to a Kernel, and MaxLent how many may be
	// lent at once: at most 65,536. The default of MaxLent is 64.
	Lender  Lender
	MaxLent int

	// Pool is where a Chain gets its segments. nil means a pool of its own, whose bound lets it
	// reach Limit.
	Pool *Pool

	// Magazine is where a Chain gets its segments without a lock, if there is one a loop. Pool may
	// be left nil beside it, and has to be the Pool of the Magazine otherwise. nil means straight
	// from Pool.
	Magazine *Magazine

	// Scratch is the array that a PerLoop reads into. It is needed, and has no default: there is
	// one a loop.
	Scratch *Scratch
}

// checked fills in the defaults and refuses what contradicts itself.
func (o Options) checked(strategy string) (Options, error) {
	if o.Limit < 0 || o.High < 0 || o.Low < 0 || o.Initial < 0 || o.Segment < 0 || o.MaxLent < 0 {
		return o, fmt.Errorf("bufstrategy: %s: negative size in %+v", strategy, o)
	}
	o.Limit = orDefault(o.Limit, DefaultLimit)
	if o.Limit > MaxLimit {
		return o, fmt.Errorf("bufstrategy: %s: limit %d is more than %d", strategy, o.Limit, MaxLimit)
	}
	o.High = orDefault(o.High, o.Limit)
	o.Low = orDefault(o.Low, o.High/2)
	if o.Low >= o.High || o.High > o.Limit {
		return o, fmt.Errorf("bufstrategy: %s: watermarks: want low < high <= limit, got %d, %d, %d",
			strategy, o.Low, o.High, o.Limit)
	}
	o.Initial = min(orDefault(o.Initial, DefaultInitial), o.Limit)
	o.Segment = orDefault(o.Segment, DefaultSegment)
	if o.Segment > MaxLimit {
		return o, fmt.Errorf("bufstrategy: %s: segment %d is more than %d", strategy, o.Segment, MaxLimit)
	}
	o.MaxLent = orDefault(o.MaxLent, DefaultLent)
	if o.MaxLent > LentLimit {
		return o, fmt.Errorf("bufstrategy: %s: %d segments to be lent are more than %d", strategy, o.MaxLent, LentLimit)
	}
	return o, nil
}

func orDefault(n, def int) int {
	if n == 0 {
		return def
	}
	return n
}

// powerOfTwo rounds n, which is positive, up.
func powerOfTwo(n int) int { return 1 << bits.Len(uint(n-1)) }
