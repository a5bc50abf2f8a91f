package transfer

import "github.com/edgewise-go/edgewise/sys"

// Release ends a stream that Stop has ended, without closing the handle, which is the caller's
// again. It reports false, and does nothing, while an operation uses the handle, or if
// [Stream.Unread] reports true. The end of the stream is no obstacle: the kernel reports it again.
func (s *Stream) Release() bool {
	t := s.page.transfers
	t.mu.Lock()
	defer t.mu.Unlock()
	r := s.live()
	if r == nil || r.is(closing) || !r.is(stopping) || !t.idle(r) || t.unread(r) {
		return false
	}
	t.drop(s)
	return true
}

// Stop ends the transfer by operations. Done reports whether it has ended; if not, an event follows
// when it has. It hands the copied bytes to the kernel as far as that takes them, without Flush.
// Bytes that have arrived stay readable by TryReadv. After the end, reads and writes
// go to the kernel, and the caller registers the handle with the queue.
func (s *Stream) Stop() (done bool) {
	t := s.page.transfers
	t.mu.Lock()
	done = s.stop()
	t.mu.Unlock()
	t.wake(!done)
	return done
}

func (s *Stream) stop() (done bool) {
	t, r := s.page.transfers, s.live()
	if r == nil {
		return true
	}
	r.flags |= stopping
	if len(t.activityOf(r).sending) == 0 {
		s.sync() // the thread that calls Flush may be blocked until the bytes have left
	}
	s.mark()
	done = t.idle(r)
	t.rest(r)
	return done
}

// Unread reports whether bytes, or an error, have arrived that no read has returned. Nobody finds
// them at the handle.
func (s *Stream) Unread() bool {
	t := s.page.transfers
	t.mu.Lock()
	defer t.mu.Unlock()
	r := s.live()
	return r != nil && t.unread(r)
}

func (t *Transfers) unread(r *record) bool {
	a := t.activityOf(r)
	return a.first != none || a.readErr != 0
}

// Stopping reports whether Stop was called and the stream has not ended since, by Close or Release.
func (s *Stream) Stopping() bool {
	t := s.page.transfers
	t.mu.Lock()
	defer t.mu.Unlock()
	r := s.live()
	return r != nil && r.is(stopping)
}

// idle reports whether no operation uses the handle of a stream, or will. The caller holds mu.
func (t *Transfers) idle(r *record) bool {
	a := t.activityOf(r)
	return *t.receive(r) == 0 && a.send == 0 && a.room == 0 && len(a.sending)+len(a.pending) == 0
}

// Close ends the stream and owns the handle from now on.
func (s *Stream) Close() {
	t := s.page.transfers
	t.mu.Lock()
	r := s.live()
	if r == nil || r.is(closing) {
		t.mu.Unlock()
		return
	}
	r.flags |= closing
	t.closing++
	for a := t.activityOf(r); a.first != none; {
		r.flags |= reset
		t.shift(a)
	}
	if s.mark(); t.brief {
		s.cut()
	}
	s.finish()
	marked := s.leave()
	t.mu.Unlock()
	t.wake(marked)
}

// cut drops the bytes that the kernel does not take at once. The caller holds mu, and calls finish
// unless a send is in flight.
func (s *Stream) cut() {
	t, r := s.page.transfers, s.record()
	if !r.is(active) {
		return
	}
	a := t.activityOf(r)
	if len(a.sending) > 0 {
		t.cancel(a.send) // sent continues
		return
	}
	if a.sendErr == 0 && s.push(a.pending) < len(a.pending) {
		r.flags |= reset
	}
	t.keepAll(a)
}

// push sends what the kernel takes of p, and returns how many bytes those were.
func (s *Stream) push(p []byte) int {
	h, sent := s.record().handle, 0
	for sent < len(p) {
		n, err := sys.Send(h, p[sent:])
		if err != nil {
			break
		}
		sent += n
	}
	return sent
}

// finish closes the handle if no operation uses it. The caller holds mu.
func (s *Stream) finish() {
	t, r := s.page.transfers, s.record()
	a := t.activityOf(r)
	if a.sendErr != 0 {
		t.keepAll(a)
	}
	if !t.idle(r) {
		return
	}
	if a.linger != 0 {
		t.cancel(a.linger) // its completion finds no stream
	}
	if r.is(reset) {
		_ = sys.SetLinger(r.handle, 0) // the peer learns that its bytes were not read
	}
	_ = sys.Close(r.handle)
	t.drop(s)
}

// Lingering reports whether closed streams still have bytes to send, or operations in flight.
func (t *Transfers) Lingering() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.closing > 0
}

// StopLingering makes closed streams, and those that are closed later, wait for no peer. Their
// bytes leave as far as the kernel takes them at once. A connection that loses bytes is reset.
func (t *Transfers) StopLingering() {
	t.mu.Lock()
	t.brief = true
	for _, p := range t.pages {
		for i := range p.records {
			if r := &p.records[i]; r.is(open) && r.is(closing) {
				s := Stream{p, p.first + uint32(i), r.generation}
				s.cut()
				s.finish()
			}
		}
	}
	t.mu.Unlock()
	t.wake(true)
}

// End closes the handles of the closed streams. The caller has closed the queue, which has ended
// all operations.
func (t *Transfers) End() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.over = true
	for _, p := range t.pages {
		for i := range p.records {
			r := &p.records[i]
			if !r.is(open) {
				continue
			}
			*t.receive(r) = 0
			if r.is(active) {
				a := t.activities.At(uint32(r.link))
				a.send, a.room, a.linger, a.sending, a.pending = 0, 0, 0, nil, nil
			}
			if r.is(closing) {
				s := Stream{p, p.first + uint32(i), r.generation}
				s.finish()
			}
		}
	}
}
