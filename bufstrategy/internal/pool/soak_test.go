package pool

import (
	"bytes"
	"flag"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var soakFor = flag.Duration("pool.soak", 0, "how long each test of many goroutines on one Pool takes at least")

// soakRounds is the minimum number of rounds of 200 steps per goroutine.
const soakRounds = 16

// soakers is the number of goroutines that share a Pool.
const soakers = 16

// lender is a Pool, or the Magazine of one goroutine.
type lender interface {
	Take(n int) (Handle, error)
}

// hand is the access of one goroutine to a Pool.
type hand struct {
	lender
	release   func(Handle)
	tick, end func()
}

// soak lets goroutines take, fill, check and release blocks of random sizes. Each holds at most
// share bytes, so no goroutine is refused if the bound exceeds soakers times share. soak counts the
// bytes in use independently.
func soak(t *testing.T, p *Pool, share int, open func() hand) {
	var lent atomic.Int64
	var wg sync.WaitGroup
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	end := time.Now().Add(*soakFor)
	for i := range soakers {
		wg.Go(func() {
			use := open()
			defer use.end()
			rng := rand.New(rand.NewPCG(seed, uint64(i)))
			own := bytes.Repeat([]byte{byte(i)}, share)
			var held []Handle
			bytesHeld := 0
			giveBack := func() {
				k := rng.IntN(len(held))
				b := held[k]
				held[k] = held[len(held)-1]
				held = held[:len(held)-1]
				if !bytes.Equal(b.Bytes(), own[:len(b.Bytes())]) {
					t.Error("found the bytes of another goroutine")
				}
				n := cap(b.Bytes())
				bytesHeld -= n
				lent.Add(-int64(n))
				use.release(b)
			}
			for round := 0; (round < soakRounds || time.Now().Before(end)) && !t.Failed(); round++ {
				for range 200 {
					n := 1 + rng.IntN(1<<(4+rng.IntN(11)))
					if bytesHeld+blockSize(n) > share {
						giveBack()
						continue
					}
					b, err := use.Take(n)
					if err != nil {
						t.Errorf("refused %d bytes with %d lent: %v, %+v", n, lent.Load(), err, p.Stats())
						return
					}
					copy(b.Bytes(), own)
					bytesHeld += cap(b.Bytes())
					if now := lent.Add(int64(cap(b.Bytes()))); now > int64(p.limit) {
						t.Errorf("%d bytes lent of %d", now, p.limit)
					}
					held = append(held, b)
				}
				if s := p.Stats(); s.Lent+s.Kept > p.limit || s.Kept > p.keep {
					t.Errorf("bounds %d, %d exceeded: %+v", p.limit, p.keep, s)
				}
				use.tick()
			}
			for len(held) > 0 {
				giveBack()
			}
		})
	}
	wg.Wait()
}

// wantReused checks that memory was reused. This must hold if Keep covers the peak of memory in
// use. The Pool then allocates only as many blocks as the bound has room for, and a few over time,
// because the wanted sizes vary.
func wantReused(t *testing.T, p *Pool) {
	t.Helper()
	s := p.Stats()
	t.Logf("%+v: %.5f of the takes were hits", s, float64(s.Hits)/float64(s.Takes))
	if made := s.Takes - s.Hits; made > uint64(p.limit/MinBlock)+s.Takes/100 {
		t.Errorf("%d blocks allocated for %d Takes", made, s.Takes)
	}
	if s.Lent != 0 || s.Refused != 0 {
		t.Errorf("after all blocks were released: %+v", s)
	}
}

func TestBoundAndHitRateOfAPoolUnderManyGoroutines(t *testing.T) {
	const share = 64 << 10
	p := newPool(t, Options{Limit: 2 * soakers * share, Keep: 2 * soakers * share})
	soak(t, p, share, func() hand { return hand{p, Handle.Release, func() {}, func() {}} })
	wantReused(t, p)
}

// blockSize returns the size of the block that holds n bytes.
func blockSize(n int) int {
	class, _ := classOf(n)
	return 1 << class
}
