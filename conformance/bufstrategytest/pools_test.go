package bufstrategytest

import (
	"errors"
	"testing"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/bufstrategy/memory"
)

// cacheBytes is small enough for a Cache to be full, and empty, often.
const cacheBytes = 16 << 10

// The whole suite runs on memory that does not come straight from the heap.
func TestBuffersOnEveryKindOfPool(t *testing.T) {
	kept := memory.PoolOptions{Limit: poolBytes, Keep: poolBytes / 2}
	guarded := kept
	guarded.Guard = true // a violation shows as a panic
	offHeap := memory.PoolOptions{Limit: poolBytes, Keep: poolBytes / 4, OffHeap: true}
	for _, kind := range []struct {
		name    string
		options memory.PoolOptions
		cache   int
	}{
		{"cache", kept, cacheBytes},
		{"guarded", guarded, 0},
		{"guarded-cache", guarded, cacheBytes},
		{"off-heap", offHeap, 0},
		{"off-heap-cache", offHeap, cacheBytes},
	} {
		if kind.options.OffHeap && !hasOffHeap(t) {
			continue
		}
		t.Run(kind.name, func(t *testing.T) {
			Run(t, chainOn("chain+"+kind.name, kind.options, kind.cache))
			Run(t, sharedOn("perloop+"+kind.name, kind.options, kind.cache))
		})
	}
}

// hasOffHeap reports false where a Pool reports that it takes no memory from the system.
func hasOffHeap(t *testing.T) bool {
	pool, err := memory.NewPoolOf(memory.PoolOptions{Limit: poolBytes, OffHeap: true})
	if err != nil {
		if !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("memory outside the heap: %v", err)
		}
		return false
	}
	pool.Close()
	return true
}

// poolAndCache makes a Pool for one case, and a Cache on it unless size is zero.
func poolAndCache(t T, o memory.PoolOptions, size int) (*memory.Pool, *memory.Magazine, error) {
	pool, err := memory.NewPoolOf(o)
	if err != nil {
		return nil, nil, err
	}
	t.Cleanup(pool.Close)
	if size == 0 {
		return pool, nil, nil
	}
	cache, err := pool.NewMagazine(size)
	return pool, cache, err
}

// chainOn is a target of Chains with small segments from such memory.
func chainOn(name string, o memory.PoolOptions, cacheSize int) Target {
	return Target{
		Name:     name,
		Features: []Feature{Poisons, Watches, SharesMemory, Copyless, HandsOver},
		Open: func(t T) (*Fixture, error) {
			pool, cache, err := poolAndCache(t, o, cacheSize)
			if err != nil {
				return nil, err
			}
			return &Fixture{
				New: func(c Options) (bufstrategy.Buffer, error) {
					if c.Budget != nil {
						return nil, errors.ErrUnsupported // it is an option of the pool
					}
					o := options(c)
					o.Pool, o.Magazine, o.Segment = pool, cache, 512
					return bufstrategy.ByName("chain", o)
				},
				Exhaust: func() func() { return hog(pool) },
				Move:    moveChains,
			}, nil
		},
	}
}

// sharedOn is a target of Shareds, whose left-overs lie in such memory.
func sharedOn(name string, o memory.PoolOptions, cacheSize int) Target {
	return Target{
		Name:     name,
		Features: []Feature{Poisons, Watches, SharesMemory},
		Open: func(t T) (*Fixture, error) {
			pool, cache, err := poolAndCache(t, o, cacheSize)
			if err != nil {
				return nil, err
			}
			var scratch *bufstrategy.Scratch
			if cache != nil {
				scratch, err = bufstrategy.NewMagazineScratch(MaxLimitBytes, cache)
			} else {
				scratch, err = bufstrategy.NewScratch(MaxLimitBytes, pool)
			}
			if err != nil {
				return nil, err
			}
			return sharedFixture(pool, scratch), nil
		},
	}
}
