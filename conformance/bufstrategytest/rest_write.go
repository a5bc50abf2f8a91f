package bufstrategytest

import (
	"fmt"
	"math/rand/v2"

	"github.com/edgewise-go/edgewise/bufstrategy"
)

// writer is a connection that writes a tape to its end through Flush. It waits only after Flush has
// reported Blocked.
type writer struct {
	f      *Fixture
	b      bufstrategy.Buffer
	tape   *tape
	rng    *rand.Rand
	budget func() int // of each Flush
	give   func() int // how much to produce at once
	conn   noted
	waits  int
	err    error
}

func (w *writer) step(c Conn) Next {
	w.conn.Conn = c
	for stuck := 0; ; stuck++ {
		produced := w.produce()
		o, n, err := w.f.flush(w.b, &w.conn, w.budget())
		if n > 0 || produced > 0 {
			stuck = 0
		}
		switch {
		case err != nil:
			return w.fail("Flush: %v: %w", o, err)
		case o == bufstrategy.Emptied && w.b.Len() > 0:
			return w.fail("Emptied, with %d bytes unread", w.b.Len())
		case o == bufstrategy.Emptied && w.tape.left() == 0:
			if err := c.CloseWrite(); err != nil {
				return w.fail("%w", err)
			}
			return Over
		case o == bufstrategy.Blocked && !w.conn.blocked:
			return w.fail("would wait without end: Blocked, but the last write did not return would-block")
		case o == bufstrategy.Blocked:
			w.waits++
			return Blocked
		case o != bufstrategy.Emptied && o != bufstrategy.Budget:
			return w.fail("Flush: %v", o)
		case o == bufstrategy.Budget || w.rng.IntN(4) == 0:
			return Again
		case stuck == stuckMax:
			return w.fail("%v %d times without progress", o, stuck)
		}
	}
}

func (w *writer) fail(format string, args ...any) Next {
	w.err = fmt.Errorf("after %d of %d bytes: "+format, append([]any{w.tape.at, w.tape.size}, args...)...)
	return Over
}

// produce commits some pieces to the buffer, up to the high watermark, and returns how many bytes.
func (w *writer) produce() int {
	total := 0
	for !w.b.Paused() && w.tape.left() > 0 {
		n := putOnce(w.b, w.tape.next(w.give()))
		w.tape.skip(n)
		total += n
		if n == 0 || w.rng.IntN(4) == 0 {
			break
		}
	}
	return total
}
