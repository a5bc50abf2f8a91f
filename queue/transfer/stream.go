package transfer

import "github.com/edgewise-go/edgewise/queue"

// Stream is a connected socket whose bytes Transfers moves. It is a small value, and a copy of it
// is the same stream. After the end of the stream, by Close or Release, calls find that it is
// closed.
type Stream struct {
	page       *page
	index      uint32
	generation uint32 // that of its record until the stream has ended
}

// Owner returns Options.Owner and the token of Open. ok is false if s has ended.
func (s *Stream) Owner() (owner any, token queue.Token, ok bool) {
	t := s.page.transfers
	t.mu.Lock()
	defer t.mu.Unlock()
	if r := s.live(); r != nil {
		return t.options.Owner, r.token, true
	}
	return nil, 0, false
}

// record returns the record of s, which has not ended. The caller holds mu.
func (s *Stream) record() *record { return s.page.at(s.index) }

// live returns the record of s, or nil if s has ended. The caller holds mu.
func (s *Stream) live() *record {
	if r := s.record(); r.generation == s.generation && r.is(open) {
		return r
	}
	return nil
}

// opToken returns the token of the operations of s.
func (s *Stream) opToken() queue.Token {
	return Mark | queue.Token(s.generation&(1<<30-1))<<32 | queue.Token(s.index)
}

// mark makes the next Flush submit for s. The caller holds mu.
func (s *Stream) mark() {
	if r := s.record(); !r.is(dirty) {
		r.flags |= dirty
		t := s.page.transfers
		t.dirty = append(t.dirty, *s)
	}
}

// unquiet makes the queue report the completion of the send, for which somebody waits now. The
// caller holds mu, and calls wake.
func (s *Stream) unquiet() {
	if r := s.record(); r.is(quiet) {
		r.flags &^= quiet
		s.mark()
	}
}

// leave ends a call. It reports whether Flush has work for s. The caller holds mu.
func (s *Stream) leave() bool {
	r := s.live()
	if r == nil {
		return false
	}
	s.page.transfers.rest(r)
	return r.is(dirty)
}

// wake makes the thread that waits call Flush. The caller does not hold mu.
func (t *Transfers) wake(dirty bool) {
	if dirty && t.options.Wake != nil {
		t.options.Wake()
	}
}
