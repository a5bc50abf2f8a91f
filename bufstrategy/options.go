package bufstrategy

import (
	"errors"
	"fmt"
	"math/bits"

	"github.com/edgewise-go/edgewise/bufstrategy/internal/pool"
	"github.com/edgewise-go/edgewise/bufstrategy/memory"
)

// Defaults of Options, in bytes. Bulk reads cost least in pieces of 16 to 128 KiB: smaller pieces
// need more system calls, larger ones overflow the processor's cache.
const (
	defaultLimit   = 64 << 10
	defaultInitial = 4 << 10
	defaultSegment = 16 << 10
)

// MaxLimit is the largest Options.Limit, in bytes. Rounded up to a power of two, it still fits a
// 32-bit int.
const MaxLimit = 1 << 30

// Options configures a buffer. All sizes are in bytes, and zero means the default.
type Options struct {
	// Limit is the maximum number of unread bytes in the buffer. Ring rounds it up to a power of
	// two. It defaults to 64 KiB, and for a PerLoop to the size of its Scratch.
	Limit int

	// High and Low are the watermarks of Paused: 0 <= Low < High <= Limit. High defaults to the
	// buffer's Limit, and Low to half of High.
	High, Low int

	// Watcher is called at each crossing of a watermark. nil means no Watcher.
	Watcher Watcher

	// Budget bounds the memory of this buffer together with that of others. If Budget is nil, only
	// Limit bounds it. A Chain on a Pool from the caller, and a PerLoop, use the budget of their
	// Pool instead.
	Budget *memory.Budget

	// Poison overwrites bytes with the byte 0xDB when they are discarded, released or moved
	// elsewhere, to find code that reads them later. It never touches unread bytes.
	Poison bool

	// Initial is the size of the first array of a Grow, and of the smallest array of an Adaptive.
	// It defaults to 4 KiB. A value above Limit means Limit.
	Initial int

	// Predictor is shared by the Adaptives of a loop, which learn together. If Predictor is nil,
	// each Adaptive starts with Initial.
	Predictor *Predictor

	// Segment is the size of the segments of a Chain, rounded up to a power of two. It defaults to
	// 16 KiB. Bulk reads cost least in pieces of 16 to 128 KiB.
	Segment int

	// Lender receives the segments that were lent to a Kernel when they are no longer needed.
	// MaxLent bounds how many may be lent at once: at most 65,536. MaxLent defaults to 64.
	Lender  Lender
	MaxLent int

	// Pool supplies the segments of a Chain. If Pool is nil, the Chain has a pool of its own, whose
	// bound lets it reach Limit.
	Pool *memory.Pool

	// Magazine supplies the segments of a Chain without a lock, if there is one Magazine per loop.
	// Pool may then be nil, and otherwise must be the Pool of the Magazine. If Magazine is nil, the
	// segments come directly from Pool.
	Magazine *memory.Magazine

	// Scratch is the array that a PerLoop reads into, one per loop. A PerLoop requires it, and it
	// has no default.
	Scratch *Scratch
}

// checked fills in the defaults and rejects invalid or inconsistent options.
func (o Options) checked(strategy string) (Options, error) {
	if o.Limit < 0 || o.High < 0 || o.Low < 0 || o.Initial < 0 || o.Segment < 0 || o.MaxLent < 0 {
		return o, fmt.Errorf("bufstrategy: %s: negative size in %+v", strategy, o)
	}
	o.Limit = orDefault(o.Limit, defaultLimit)
	if o.Limit > MaxLimit {
		return o, fmt.Errorf("bufstrategy: %s: limit %d: want at most %d", strategy, o.Limit, MaxLimit)
	}
	o.High = orDefault(o.High, o.Limit)
	o.Low = orDefault(o.Low, o.High/2)
	if o.Low >= o.High || o.High > o.Limit {
		return o, fmt.Errorf("bufstrategy: %s: watermarks low %d, high %d, limit %d: want low < high <= limit",
			strategy, o.Low, o.High, o.Limit)
	}
	o.Initial = min(orDefault(o.Initial, defaultInitial), o.Limit)
	o.Segment = orDefault(o.Segment, defaultSegment)
	if o.Segment > MaxLimit {
		return o, fmt.Errorf("bufstrategy: %s: segment size %d: want at most %d", strategy, o.Segment, MaxLimit)
	}
	o.MaxLent = orDefault(o.MaxLent, defaultLent)
	if o.MaxLent > lentLimit {
		return o, fmt.Errorf("bufstrategy: %s: MaxLent %d: want at most %d", strategy, o.MaxLent, lentLimit)
	}
	return o, nil
}

// segments returns the Pool, and the source from which a Chain takes its segments. The Pool is nil
// if the Chain needs one of its own.
func (o Options) segments() (*pool.Pool, pool.Source, error) {
	shared, magazine := (*pool.Pool)(o.Pool), (*pool.Magazine)(o.Magazine)
	switch {
	case magazine == nil:
		return shared, shared, nil
	case shared != nil && shared != magazine.Pool():
		return nil, nil, errors.New("bufstrategy: Options.Magazine and Options.Pool: want the same Pool")
	}
	return magazine.Pool(), magazine, nil
}

func orDefault(n, def int) int {
	if n == 0 {
		return def
	}
	return n
}

// powerOfTwo rounds the positive number n up to a power of two.
func powerOfTwo(n int) int { return 1 << bits.Len(uint(n-1)) }
