package bufstrategytest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
)

// tapePeriod is the period of a tape in bytes. It is a prime, and no buffer and no read has a
// multiple of it, so bytes in a wrong place do not match.
const tapePeriod = 131_071

// tapeBytes holds two periods, so a slice that begins anywhere in the first one is contiguous. It
// is made once and never changed.
var tapeBytes = sync.OnceValue(func() []byte {
	p := pattern(tapePeriod, 80)
	return append(p, p...)
})

// tape is the data of one connection: size bytes, known at each position, so a reader detects the
// first wrong byte.
type tape struct {
	from int // position in the period at which it begins; differs per connection
	at   int
	size int
}

func newTape(size int, seed uint64) *tape {
	// Another prime keeps the beginnings far from each other.
	return &tape{from: int(seed * 7919 % tapePeriod), size: size}
}

func (p *tape) left() int { return p.size - p.at }

// next returns at most n of the following bytes.
func (p *tape) next(n int) []byte {
	from := (p.from + p.at) % tapePeriod
	return tapeBytes()[from : from+min(n, p.left(), tapePeriod)]
}

func (p *tape) skip(n int) { p.at += n }

// match wants got to be the following bytes, and skips them.
func (p *tape) match(got []byte) error {
	for len(got) > 0 {
		want := p.next(len(got))
		if len(want) == 0 {
			return fmt.Errorf("%d bytes more than the %d that were sent", len(got), p.size)
		}
		if !bytes.Equal(got[:len(want)], want) {
			return fmt.Errorf("a wrong byte among the %d from position %d of %d", len(want), p.at, p.size)
		}
		p.skip(len(want))
		got = got[len(want):]
	}
	return nil
}

// send writes all of p in pieces, followed at once by the end. Occasionally it waits until idle has
// an item before it continues, so its next write arrives separately.
func (p *tape) send(c *net.TCPConn, rng *rand.Rand, size func() int, idle <-chan struct{}) error {
	for p.left() > 0 {
		select {
		case <-idle: // of an earlier wait
		default:
		}
		n, err := c.Write(p.next(size()))
		p.skip(n)
		if err != nil {
			return fmt.Errorf("peer's write after %d bytes: %w", p.at, err)
		}
		if idle != nil && rng.IntN(16) == 0 && p.left() > 0 {
			<-idle
		}
	}
	return c.CloseWrite()
}

// seeded is a source of choices that can be repeated after a failure.
func seeded(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, seed)) }
