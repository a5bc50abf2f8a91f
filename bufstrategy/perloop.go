package bufstrategy

import (
	"fmt"
	"math"

	"github.com/edgewise-go/edgewise/bufstrategy/internal/budget"
	"github.com/edgewise-go/edgewise/bufstrategy/internal/poison"
	"github.com/edgewise-go/edgewise/bufstrategy/internal/pool"
)

var _ Buffer = (*PerLoop)(nil)

// PerLoop is the buffer of one connection among many on a loop. It reads into the array of the
// loop's Scratch. If the consumer takes everything before the loop turns to another connection,
// nothing is copied. Otherwise the leftover bytes are copied when another buffer wants the array.
// They go to a block of the Scratch's Pool that is just large enough. When this buffer reads again,
// they are copied back in front of the new bytes.
//
// A PerLoop that holds no bytes is one object of at most 64 bytes. Limit may not exceed the size of
// the Scratch. PerLoops with the same options share one configuration, and a Scratch remembers the
// last four sets of options. A buffer pays for a second object of at most 64 bytes in two cases.
// The buffers of a loop alternate between more than four sets, or the Watcher is not a pointer.
//
// The results of Segments and View are valid at most as long as Buffer promises. They also end with
// the next Space of any buffer on the same Scratch, and with the next Scratch.Trim. The slices of
// segments are valid until the next Segments or Space of any of these buffers. After the Space of
// one buffer, a Commit must follow before any other call on a buffer of the Scratch.
//
// If the Pool refuses memory for leftover bytes, the array stays with the buffer whose bytes are in
// it. Space of the other buffers then offers nothing, and Fill reports Full with ErrExhausted. A
// Discard of all bytes of the owner frees the array.
//
// Leftovers should be small: an incomplete message, not a backlog. Resident counts the whole
// Scratch while it has unread bytes of this buffer. Allocs and Full of Stats stop counting at
// 2^32-1.
type PerLoop struct {
	*perLoopConfig
	own               *pool.Block // unread bytes that are not in the scratch
	moved, copied     uint64
	commits, discards uint64
	allocs, full      uint32
	residentMax       uint32 // a uint32, because MaxLimit fits
	paused            bool
}

// NewPerLoop returns a PerLoop. It uses Scratch, Limit, High, Low, Watcher and Poison of the
// options. Limit defaults to the size of the Scratch.
func NewPerLoop(o Options) (*PerLoop, error) {
	if o.Scratch == nil {
		return nil, fmt.Errorf("bufstrategy: perloop: no Options.Scratch: want one per loop")
	}
	o.Limit = orDefault(o.Limit, o.Scratch.Size())
	o, err := o.checked("perloop")
	if err != nil {
		return nil, err
	}
	if o.Limit > o.Scratch.Size() {
		return nil, fmt.Errorf("bufstrategy: perloop: limit %d: want at most the scratch size %d", o.Limit, o.Scratch.Size())
	}
	return &PerLoop{perLoopConfig: o.Scratch.config(perLoopConfig{
		scratch: o.Scratch, limit: o.Limit, high: o.High, low: o.Low, watcher: o.Watcher, poison: o.Poison,
	})}, nil
}

func (s *PerLoop) owns() bool { return s.scratch.owner == s }

// Space takes over the scratch array and offers the room in it.
func (s *PerLoop) Space() [][]byte {
	c := s.scratch
	if s.Len() == s.limit || !s.owns() && !s.takeOver() {
		count(&s.full)
		s.unoffer()
		return nil
	}
	if c.r > 0 {
		s.compact()
	}
	n := min(len(c.buf)-c.w, s.limit-(c.w-c.r))
	c.offered = n
	c.space[0] = c.buf[c.w : c.w+n : c.w+n]
	return c.space[:]
}

// lacks reports the refusal recorded in the Scratch: s lacks room for the bytes of the buffer that
// owns the array.
func (s *PerLoop) lacks() (*budget.Budget, budget.Lack) {
	return s.scratch.pool.Bound(), s.scratch.lack
}

// takeOver moves the owner's bytes out of the array and the leftovers of s to its front.
func (s *PerLoop) takeOver() bool {
	c := s.scratch
	if !c.evict() {
		return false
	}
	c.owner = s
	if b := s.own; b != nil {
		c.w = copy(c.buf, b.Buf[b.R:b.W])
		s.copied += uint64(c.w)
		s.dropOwn()
		s.resident()
	}
	return true
}

func (s *PerLoop) dropOwn() {
	b := s.own
	s.own = nil
	if s.poison {
		poison.Fill(b.Buf[b.R:b.W])
	}
	s.scratch.pool.PutBlock(b)
}

// compact moves the unread bytes to the front of the array if there is no room after them. It also
// does so if there is little room and the move frees at least as much as it copies.
func (s *PerLoop) compact() {
	c := s.scratch
	room := len(c.buf) - c.w
	if room > 0 && (room >= len(c.buf)/4 || c.r < c.w-c.r) {
		return
	}
	n := copy(c.buf, c.buf[c.r:c.w])
	s.copied += uint64(n)
	if s.poison {
		poison.Fill(c.buf[max(n, c.r):c.w])
	}
	c.r, c.w = 0, n
}

// unoffer ends the outstanding space of s, if any.
func (s *PerLoop) unoffer() {
	if !s.owns() {
		return
	}
	s.scratch.offered = 0
	if s.scratch.r == s.scratch.w {
		s.scratch.free()
	}
}

// Commit makes n bytes of the space readable.
func (s *PerLoop) Commit(n int) {
	c := s.scratch
	offered := 0
	if s.owns() {
		offered = c.offered
	}
	checkCommit(n, offered)
	if s.owns() {
		c.w += n
		s.unoffer()
	}
	if n > 0 {
		s.commits++
	}
	s.moved += uint64(n)
	s.resident()
	s.level()
}

// Segments returns the unread bytes, which are always contiguous.
func (s *PerLoop) Segments() [][]byte {
	p := s.bytes()
	if len(p) == 0 {
		return nil
	}
	s.scratch.unread[0] = p
	return s.scratch.unread[:]
}

// bytes ends the outstanding space, if any, and returns the unread bytes.
func (s *PerLoop) bytes() []byte {
	s.unoffer()
	switch c := s.scratch; {
	case s.owns():
		return c.buf[c.r:c.w:c.w]
	case s.own != nil:
		return s.own.Buf[s.own.R:s.own.W:s.own.W]
	}
	return nil
}

// View returns n bytes, and never copies.
func (s *PerLoop) View(n int) ([]byte, error) {
	p := s.bytes()
	if err := checkView(n, len(p), s.limit); err != nil {
		return nil, err
	}
	return p[:n:n], nil
}

// Discard consumes n bytes. Consuming the last byte frees the memory or the array.
func (s *PerLoop) Discard(n int) {
	checkDiscard(n, s.Len())
	if n > 0 {
		s.discards++
	}
	s.drop(n)
	s.level()
}

// drop drops the first n unread bytes.
func (s *PerLoop) drop(n int) {
	p := s.bytes()
	if s.poison {
		poison.Fill(p[:n])
	}
	switch {
	case s.owns():
		s.scratch.r += n
		s.unoffer()
	case s.own != nil:
		s.own.R += n
		if s.own.Unread() == 0 {
			s.dropOwn()
		}
	}
}

// Len returns the number of unread bytes.
func (s *PerLoop) Len() int {
	switch {
	case s.owns():
		return s.scratch.w - s.scratch.r
	case s.own != nil:
		return s.own.Unread()
	}
	return 0
}

// Limit returns the number of unread bytes that the buffer can hold.
func (s *PerLoop) Limit() int { return s.limit }

// Paused reports true from the high watermark down to the low one.
func (s *PerLoop) Paused() bool { return s.paused }

// level updates the watermarks. It comes last because it may call the Watcher.
func (s *PerLoop) level() {
	was := s.paused
	switch n := s.Len(); {
	case n >= s.high:
		s.paused = true
	case n <= s.low:
		s.paused = false
	}
	if s.paused != was && s.watcher != nil {
		s.watcher.Crossed(s, s.paused)
	}
}

// Detach moves the unread bytes out of the array of the Scratch to memory of this buffer. The
// results of Segments and View from then on survive the Space of other buffers and Scratch.Trim,
// but not the next Space of this one. A task calls Detach before it waits with such a result.
//
// Detach ends the space and the results before it. If the Pool refuses memory, Detach changes
// nothing and returns ErrExhausted.
func (s *PerLoop) Detach() error {
	if !s.owns() {
		return nil
	}
	return s.scratch.Trim()
}

// Trim only ends the space: a PerLoop has no memory that the unread bytes do not need.
func (s *PerLoop) Trim() { s.unoffer() }

// Release drops the unread bytes and gives their memory back.
func (s *PerLoop) Release() {
	s.drop(s.Len())
	s.level()
}

// resident returns the size of the memory that holds unread bytes, and updates the peak.
func (s *PerLoop) resident() int {
	n := 0
	switch {
	case s.owns() && s.scratch.w > s.scratch.r:
		n = len(s.scratch.buf)
	case s.own != nil:
		n = len(s.own.Buf)
	}
	s.residentMax = max(s.residentMax, uint32(n))
	return n
}

// Stats returns the counters of the buffer.
func (s *PerLoop) Stats() Stats {
	n := s.resident()
	return Stats{
		Moved: s.moved, Commits: s.commits, Discards: s.discards, Copied: s.copied, Allocs: uint64(s.allocs), Full: uint64(s.full),
		Resident: n, PeakResident: int(s.residentMax),
	}
}

// count increments n and saturates at the maximum.
func count(n *uint32) {
	if *n < math.MaxUint32 {
		*n++
	}
}
