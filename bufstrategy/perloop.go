package bufstrategy

import (
	"fmt"
	"math"
)

var _ Buffer = (*PerLoop)(nil)

// PerLoop is the buffer of one connection among many on a loop. It reads into the array of the
// loop's Scratch. When the consumer takes everything before the loop turns to another connection,
// that is all. What it leaves over is copied, when another buffer wants the array, to a block of
// the Scratch's Pool just large enough, and copied back in front of what comes next when this
// buffer reads again.
//
// A PerLoop that holds no bytes is one object of at most 64 bytes and nothing else. Limit may not
// exceed the Scratch. What all Shareds with the same options have in common they hold together: a
// Scratch remembers the last four sets of options, and a loop whose buffers take turns in more of
// them, or have a Watcher that is no pointer, pays a second object of at most 64 bytes a buffer.
//
// What Segments and View return is valid until, besides what Buffer says, the next Space of any
// buffer on the same Scratch, and the next Scratch.Trim; the slices of segments until the next
// Segments or Space of any of them. After the Space of one buffer, a Commit must follow before any
// other call on a buffer of the Scratch.
//
// When the Pool refuses memory for left-overs, the array stays with whose bytes are in it, and
// Space of the others offers nothing: Fill reports Full with ErrExhausted. A Discard of all of the
// owner's bytes frees the array.
//
// Left-overs are best kept small: an incomplete message, not a backlog. Resident counts the whole
// Scratch while it has unread bytes of this buffer. Allocs and Full of Stats stop counting at
// 2^32-1.
type PerLoop struct {
	*perLoopConfig
	own               *block // the unread bytes, when they are not in the scratch
	moved, copied     uint64
	commits, discards uint64
	allocs, full      uint32
	residentMax       uint32 // MaxLimit fits
	paused            bool
}

// NewPerLoop makes a PerLoop. It uses Scratch, Limit, High, Low, Watcher and Poison of the options.
// The default of Limit is the size of the Scratch.
func NewPerLoop(o Options) (*PerLoop, error) {
	if o.Scratch == nil {
		return nil, fmt.Errorf("bufstrategy: perloop: Options.Scratch is needed: one a loop")
	}
	o.Limit = orDefault(o.Limit, o.Scratch.Size())
	o, err := o.checked("perloop")
	if err != nil {
		return nil, err
	}
	if o.Limit > o.Scratch.Size() {
		return nil, fmt.Errorf("bufstrategy: perloop: limit %d is more than the scratch array of %d", o.Limit, o.Scratch.Size())
	}
	return &PerLoop{perLoopConfig: o.Scratch.config(perLoopConfig{
		scratch: o.Scratch, limit: o.Limit, high: o.High, low: o.Low, watcher: o.Watcher, poison: o.Poison,
	})}, nil
}

func (s *PerLoop) owns() bool { return s.scratch.owner == s }

// Space takes the scratch array over and offers the room in it.
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

// What s lacks is room for the bytes of who is in its way.
func (s *PerLoop) lacks() (*MemoryBudget, lack) { return s.scratch.pool.bound(), s.scratch.lack }

// takeOver frees the array of another's bytes and puts the left-overs of s in front.
func (s *PerLoop) takeOver() bool {
	c := s.scratch
	if !c.evict() {
		return false
	}
	c.owner = s
	if b := s.own; b != nil {
		c.w = copy(c.buf, b.buf[b.r:b.w])
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
		spoil(b.buf[b.r:b.w])
	}
	s.scratch.pool.put(b)
}

// compact moves the unread bytes to the front of the array where there is no room behind them, or
// little and the move gains at least as much as it copies.
func (s *PerLoop) compact() {
	c := s.scratch
	room := len(c.buf) - c.w
	if room > 0 && (room >= len(c.buf)/4 || c.r < c.w-c.r) {
		return
	}
	n := copy(c.buf, c.buf[c.r:c.w])
	s.copied += uint64(n)
	if s.poison {
		spoil(c.buf[max(n, c.r):c.w])
	}
	c.r, c.w = 0, n
}

// unoffer ends the space of s, if one is out.
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

// Segments returns the unread bytes, which always lie together.
func (s *PerLoop) Segments() [][]byte {
	p := s.bytes()
	if len(p) == 0 {
		return nil
	}
	s.scratch.unread[0] = p
	return s.scratch.unread[:]
}

// bytes ends the space, if one is out, and returns the unread bytes.
func (s *PerLoop) bytes() []byte {
	s.unoffer()
	switch c := s.scratch; {
	case s.owns():
		return c.buf[c.r:c.w:c.w]
	case s.own != nil:
		return s.own.buf[s.own.r:s.own.w:s.own.w]
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

// Discard consumes n bytes. The last one frees the memory, or the array.
func (s *PerLoop) Discard(n int) {
	checkDiscard(n, s.Len())
	if n > 0 {
		s.discards++
	}
	s.drop(n)
	s.level()
}

// drop forgets the first n unread bytes.
func (s *PerLoop) drop(n int) {
	p := s.bytes()
	if s.poison {
		spoil(p[:n])
	}
	switch {
	case s.owns():
		s.scratch.r += n
		s.unoffer()
	case s.own != nil:
		s.own.r += n
		if s.own.unread() == 0 {
			s.dropOwn()
		}
	}
}

// Len is the number of unread bytes.
func (s *PerLoop) Len() int {
	switch {
	case s.owns():
		return s.scratch.w - s.scratch.r
	case s.own != nil:
		return s.own.unread()
	}
	return 0
}

// Limit is the number of unread bytes it can hold.
func (s *PerLoop) Limit() int { return s.limit }

// Paused reports true from the high watermark down to the low one.
func (s *PerLoop) Paused() bool { return s.paused }

// level moves the watermarks, and comes last: it may call the Watcher.
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

// Trim does nothing but end a space: there is no memory that the unread bytes do not need.
func (s *PerLoop) Trim() { s.unoffer() }

// Release forgets the unread bytes and gives their memory back.
func (s *PerLoop) Release() {
	s.drop(s.Len())
	s.level()
}

// resident returns the memory that holds unread bytes, and remembers the most.
func (s *PerLoop) resident() int {
	n := 0
	switch {
	case s.owns() && s.scratch.w > s.scratch.r:
		n = len(s.scratch.buf)
	case s.own != nil:
		n = len(s.own.buf)
	}
	s.residentMax = max(s.residentMax, uint32(n))
	return n
}

// Stats returns what the buffer has counted.
func (s *PerLoop) Stats() Stats {
	n := s.resident()
	return Stats{
		Moved: s.moved, Commits: s.commits, Discards: s.discards, Copied: s.copied, Allocs: uint64(s.allocs), Full: uint64(s.full),
		Resident: n, PeakResident: int(s.residentMax),
	}
}

// count adds one, and stays at the greatest number rather than begin again.
func count(n *uint32) {
	if *n < math.MaxUint32 {
		*n++
	}
}
