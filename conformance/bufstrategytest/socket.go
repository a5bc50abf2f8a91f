package bufstrategytest

import (
	"fmt"
	"io"
	"math/rand/v2"
)

// wouldBlock is what the scripted sockets return where a kernel returns EAGAIN.
type wouldBlock struct{}

func (wouldBlock) Error() string    { return "would block" }
func (wouldBlock) WouldBlock() bool { return true }

// socket is an edge-triggered socket without a kernel. It delivers an edge when bytes arrive, and
// none for bytes that are already there.
type socket struct {
	data    []byte // still to be read
	arrived int    // bytes of data that have arrived; the rest has not been sent yet
	fin     bool   // the end comes together with the last byte
	readMax func() int
	wrap    bool // would-block is wrapped

	reads   int
	blocked bool // the last read returned would-block
}

func (s *socket) TryReadv(segs [][]byte) (int, error) {
	s.reads++
	s.blocked = false
	if s.arrived == 0 {
		if len(s.data) == 0 && s.fin {
			return 0, io.EOF
		}
		s.blocked = true
		if s.wrap {
			return -1, fmt.Errorf("read: %w", wouldBlock{})
		}
		return -1, wouldBlock{}
	}
	most := s.arrived
	if s.readMax != nil {
		most = min(most, s.readMax())
	}
	n := 0
	for _, p := range segs {
		n += copy(p, s.data[n:most])
	}
	s.data = s.data[n:]
	s.arrived -= n
	return n, nil
}

// wait lets n more bytes arrive. It returns false where a loop would wait without end: bytes or the
// end are pending, and no edge will come for them.
func (s *socket) wait(n int) bool {
	if s.arrived > 0 || len(s.data) == 0 {
		return false
	}
	s.arrived = min(n, len(s.data))
	return true
}

// shortSocket declares that a short read drains it, unless a hang-up has been seen.
type shortSocket struct {
	socket
	emulated bool // only would-block arms an event
	asked    int
}

func (s *shortSocket) ShortReadDrains() bool {
	s.asked++
	// The end comes in one event with the last byte.
	return !s.emulated && (!s.fin || len(s.data) > s.arrived)
}

// step is one answer of a scripted source or sink.
type step struct {
	n   int
	err error
}

// script is a Source and a Sink with fixed answers. Further calls are an error.
type script struct {
	steps []step
	data  []byte // source: bytes read; sink: bytes written
	sizes []int  // bytes offered in each call
}

func (s *script) next(size int) step {
	s.sizes = append(s.sizes, size)
	if len(s.steps) == 0 {
		return step{0, io.ErrClosedPipe}
	}
	st := s.steps[0]
	s.steps = s.steps[1:]
	return st
}

func (s *script) TryReadv(segs [][]byte) (int, error) {
	st := s.next(sum(segs))
	n := max(st.n, 0)
	for _, p := range segs {
		k := copy(p, s.data[:n])
		s.data, n = s.data[k:], n-k
	}
	return st.n - n, st.err
}

func (s *script) TryWritev(segs [][]byte) (int, error) {
	st := s.next(sum(segs))
	n := min(st.n, sum(segs))
	s.data = append(s.data, join(segs)[:max(n, 0)]...)
	return n, st.err
}

// pieces returns sizes from 1 to most, small ones as often as large ones.
func pieces(rng *rand.Rand, most int) func() int {
	return func() int {
		if rng.IntN(2) == 0 {
			return 1 + rng.IntN(min(most, 100))
		}
		return 1 + rng.IntN(most)
	}
}
