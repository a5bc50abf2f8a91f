package bufstrategytest

import (
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/bufstrategy/adapter"
	"github.com/edgewise-go/edgewise/bufstrategy/message"
)

// noted is a connection that remembers whether it has reported that it is drained, or that it takes
// no more.
type noted struct {
	Conn
	dry     bool // the last read returned would-block, or was equivalent to it
	blocked bool // the last write returned would-block
	reads   int
}

func wouldBlocks(err error) bool {
	var w interface{ WouldBlock() bool }
	return errors.As(err, &w) && w.WouldBlock()
}

func (w *noted) TryReadv(segs [][]byte) (int, error) {
	n, err := w.Conn.TryReadv(segs)
	w.reads++
	w.dry = wouldBlocks(err)
	return n, err
}

func (w *noted) ShortReadDrains() bool {
	s, ok := w.Conn.(bufstrategy.ShortReader)
	w.dry = ok && s.ShortReadDrains()
	return w.dry
}

func (w *noted) TryWritev(segs [][]byte) (int, error) {
	n, err := w.Conn.TryWritev(segs)
	w.blocked = wouldBlocks(err)
	return n, err
}

// reader is a connection that reads a tape to its end through Fill. It waits only after Fill has
// reported Drained.
type reader struct {
	f      *Fixture
	b      bufstrategy.Buffer
	tape   *tape
	rng    *rand.Rand
	budget func() int // of each Fill
	take   func() int // how much to consume between two Fills
	conn   noted
	copied []byte // for Read
	waits  int
	empty  int           // waits after which there was nothing to read
	idle   chan struct{} // sent to before each wait if there is room, and closed at the end
	err    error
}

// stuckMax bounds the consecutive turns without progress and without a wait that a wrong buffer may
// cause.
const stuckMax = 1000

func (r *reader) step(c Conn) Next {
	r.conn.Conn = c
	woken := r.waits > 0 && r.conn.dry
	for stuck := 0; ; stuck++ {
		o, n, err := r.f.fill(r.b, &r.conn, r.budget())
		if woken && n == 0 && r.conn.dry {
			r.empty++
		}
		woken = false
		had := r.b.Len()
		switch {
		case err != nil && !errors.Is(err, bufstrategy.ErrExhausted):
			return r.fail("Fill: %v: %w", o, err)
		case had > r.b.Limit():
			return r.fail("%d bytes in a buffer of Limit %d", had, r.b.Limit())
		case o == bufstrategy.EOF:
			return r.finish()
		}
		if err := r.consume(r.take(), o == bufstrategy.Full); err != nil {
			return r.fail("after %v: %w", o, err)
		}
		if n > 0 || r.b.Len() < had {
			stuck = 0
		}
		switch {
		case o == bufstrategy.Drained && !r.conn.dry:
			return r.fail("would wait without end: Drained, but the last read did not return would-block")
		case o == bufstrategy.Drained:
			r.waits++
			select {
			case r.idle <- struct{}{}:
			default:
			}
			return Blocked
		case o != bufstrategy.Full && o != bufstrategy.Budget:
			return r.fail("Fill: %v", o)
		case err == nil && stuck == stuckMax:
			return r.fail("%v %d times without progress", o, stuck)
		case err != nil || o == bufstrategy.Budget || r.rng.IntN(4) == 0:
			return Again
		}
	}
}

func (r *reader) fail(format string, args ...any) Next {
	r.err = fmt.Errorf("after %d of %d bytes: "+format, append([]any{r.tape.at, r.tape.size}, args...)...)
	return Over
}

// finish consumes what is left at the end.
func (r *reader) finish() Next {
	for r.b.Len() > 0 {
		if err := r.consume(r.take(), true); err != nil {
			return r.fail("at the end: %w", err)
		}
	}
	if n := r.tape.left(); n > 0 {
		return r.fail("the end, %d bytes early", n)
	}
	return Over
}

// consume takes about n bytes, in one of the available ways. It takes at least one of the unread
// bytes if it must.
func (r *reader) consume(n int, must bool) error {
	n = min(n, r.b.Len())
	if must {
		n = max(n, min(1, r.b.Len()))
	}
	if n == 0 {
		return nil
	}
	switch r.rng.IntN(4) {
	case 0:
		v, err := r.b.View(n)
		if errors.Is(err, bufstrategy.ErrExhausted) {
			return r.bySegments(n)
		}
		return r.byView(v, err)
	case 1:
		i := message.Index(r.b, '\n')
		switch {
		case i >= 0:
			return r.byView(r.b.View(i + 1))
		case must:
			return r.bySegments(n)
		}
		return nil // the rest of the line is still to come
	case 2:
		if len(r.copied) < n {
			r.copied = make([]byte, n)
		}
		k, err := (&adapter.Reader{Buffer: r.b}).Read(r.copied[:n])
		if err != nil || k != n {
			return fmt.Errorf("to Read %d unread bytes: %d, %v", n, k, err)
		}
		return r.tape.match(r.copied[:n])
	}
	return r.bySegments(n)
}

func (r *reader) byView(v []byte, err error) error {
	if err != nil {
		return fmt.Errorf("by View: %w", err)
	}
	if err := r.tape.match(v); err != nil {
		return fmt.Errorf("by View: %w", err)
	}
	r.b.Discard(len(v))
	return nil
}

func (r *reader) bySegments(n int) error {
	left := n
	for _, s := range r.b.Segments() {
		s = s[:min(left, len(s))]
		if err := r.tape.match(s); err != nil {
			return fmt.Errorf("by Segments: %w", err)
		}
		left -= len(s)
	}
	if left > 0 {
		return fmt.Errorf("by Segments: %d bytes too few", left)
	}
	r.b.Discard(n)
	return nil
}
