package bufstrategytest

import (
	"errors"
	"testing"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/bufstrategy/memory"
)

// poolBytes is enough for every case, and small enough to be exhausted quickly.
const poolBytes = 1 << 20

func options(c Options) bufstrategy.Options {
	return bufstrategy.Options{Limit: c.Limit, High: c.High, Low: c.Low, Poison: c.Poison, Watcher: c.Watcher, Budget: c.Budget}
}

// byName is a target whose buffers need only their options.
func byName(name string, features ...Feature) Target {
	return Target{
		Name:     name,
		Features: append([]Feature{Poisons, Watches, Budgets}, features...),
		Open: func(T) (*Fixture, error) {
			return &Fixture{Holds: holds(name), New: func(c Options) (bufstrategy.Buffer, error) {
				o := options(c)
				o.Initial = 64
				return bufstrategy.ByName(name, o)
			}}, nil
		},
	}
}

// holds returns what the documentation of a strategy promises about its memory, or nil for no
// promise.
func holds(name string) func(limit int) int {
	switch name {
	case "fixed":
		return func(limit int) int { return limit }
	case "grow":
		return func(limit int) int { return 2 * limit }
	case "ring", "mirrored": // a Ring on systems that do not map its memory twice
		return func(limit int) int { return 2*limit + limit/2 }
	case "adaptive":
		return func(limit int) int { return 2 * limit }
	case "chain", "kernel":
		return func(limit int) int { return chainHolds(limit, 16<<10) } // the default of Options.Segment
	case "perloop":
		return func(int) int { return max(MaxLimitBytes, powerOfTwo(MaxLimitBytes)) }
	}
	return nil
}

func chainHolds(limit, segment int) int { return 4*powerOfTwo(max(limit, 256)) + 8*segment }

// pooled is a target of Chains with segments of the given size.
func pooled(segment int) Target {
	return Target{
		Name:     "chain+pool",
		Features: []Feature{Poisons, Watches, Budgets, SharesMemory, Copyless, HandsOver},
		Open: func(T) (*Fixture, error) {
			pool, err := memory.NewPool(poolBytes, poolBytes/2)
			if err != nil {
				return nil, err
			}
			return &Fixture{
				New: func(c Options) (bufstrategy.Buffer, error) {
					o := options(c)
					o.Pool, o.Segment = pool, segment
					if c.Budget != nil {
						o.Pool = nil // one of its own, on the budget
					}
					return bufstrategy.ByName("chain", o)
				},
				Exhaust: func() func() { return hog(pool) },
				Move:    moveChains,
				Holds:   func(limit int) int { return chainHolds(limit, segment) },
			}, nil
		},
	}
}

func moveChains(dst, src bufstrategy.Buffer) int {
	return unbroken(dst).(*bufstrategy.Chain).MoveFrom(unbroken(src).(*bufstrategy.Chain))
}

// hog takes all memory of a pool until the returned function is called.
func hog(pool *memory.Pool) func() {
	b, err := bufstrategy.NewChain(bufstrategy.Options{Limit: 2 * poolBytes, Segment: 256, Pool: pool})
	if err != nil {
		panic(err)
	}
	for {
		n := sum(b.Space())
		if n == 0 {
			return b.Release
		}
		b.Commit(n)
	}
}

// sharedTarget is a target whose buffers read into one array, as those of one loop do.
func sharedTarget() Target {
	return Target{
		Name:     "perloop",
		Features: []Feature{Poisons, Watches, SharesMemory},
		Open: func(T) (*Fixture, error) {
			pool, err := memory.NewPool(poolBytes, poolBytes/2)
			if err != nil {
				return nil, err
			}
			scratch, err := bufstrategy.NewScratch(MaxLimitBytes, pool)
			if err != nil {
				return nil, err
			}
			return sharedFixture(pool, scratch), nil
		},
	}
}

// sharedFixture makes Shareds on scratch. They keep their left-overs in memory of pool.
func sharedFixture(pool *memory.Pool, scratch *bufstrategy.Scratch) *Fixture {
	open := func(c Options) (bufstrategy.Buffer, error) {
		if c.Budget != nil {
			return nil, errors.ErrUnsupported // it is an option of the pool
		}
		o := options(c)
		o.Scratch = scratch
		return bufstrategy.ByName("perloop", o)
	}
	return &Fixture{New: open, Holds: holds("perloop"), Exhaust: func() func() {
		other, err := open(Options{Limit: 10})
		if err != nil {
			panic(err)
		}
		other.Space()
		other.Commit(1)
		restore := hog(pool)
		return func() { restore(); other.Release() }
	}}
}

func TestFixed(t *testing.T) { Run(t, onSockets(byName("fixed"))) }
func TestGrow(t *testing.T)  { Run(t, onSockets(byName("grow"))) }
func TestRing(t *testing.T)  { Run(t, onSockets(byName("ring", Copyless))) }

// TestMirrored has limits of whole pages. Tests that need a small limit use a Ring.
func TestMirrored(t *testing.T) { Run(t, onSockets(byName("mirrored", Copyless, Contiguous))) }

func TestChain(t *testing.T) { Run(t, onSockets(pooled(512))) }

func TestChainOfLargeSegmentsOnItsOwnPool(t *testing.T) {
	Run(t, onSockets(byName("chain", Copyless)))
}

func TestAdaptive(t *testing.T) { Run(t, onSockets(byName("adaptive"))) }

func TestShared(t *testing.T) { Run(t, onSockets(sharedTarget())) }
