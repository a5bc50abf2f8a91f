package transfer

import "github.com/edgewise-go/edgewise/sys"

// Release ends a stream that Stop has ended, without closing the handle, which is the caller's
// again. It reports false, and does nothing, while an operation uses the handle, or if
// [Stream.Unread] reports true. The end of the stream is no obstacle: the kernel reports it again.
func (s *Stream) Release() bool {
	t := s.transfers
	t.mu.Lock()
	defer t.mu.Unlock()
	if s.closing || !s.stopping || !s.idle() || s.unread() {
		return false
	}
	t.drop(s)
	s.closing = true
	return true
}

// Stop ends the transfer by operations. Done reports whether it has ended; if not, an event follows
// when it has. It hands the copied bytes to the kernel as far as that takes them, without Flush.
// Bytes that have arrived stay readable by TryReadv. After the end, reads and writes
// go to the kernel, and the caller registers the handle with the queue.
func (s *Stream) Stop() (done bool) {
	t := s.transfers
	t.mu.Lock()
	s.stopping = true
	if len(s.sending) == 0 {
		s.sync() // the thread that calls Flush may be blocked until the bytes have left
	}
	s.mark()
	done = s.idle()
	t.mu.Unlock()
	t.wake(!done)
	return done
}

// Unread reports whether bytes, or an error, have arrived that no read has returned. Nobody finds
// them at the handle.
func (s *Stream) Unread() bool {
	s.transfers.mu.Lock()
	defer s.transfers.mu.Unlock()
	return s.unread()
}

func (s *Stream) unread() bool { return s.first != none || s.readErr != 0 }

// Stopping reports whether Stop was called.
func (s *Stream) Stopping() bool {
	s.transfers.mu.Lock()
	defer s.transfers.mu.Unlock()
	return s.stopping
}

func (s *Stream) idle() bool {
	return s.receive == 0 && s.arrival == 0 && s.send == 0 && s.room == 0 && len(s.sending)+len(s.pending) == 0
}

// Close ends the stream and owns the handle from now on.
func (s *Stream) Close() {
	t := s.transfers
	t.mu.Lock()
	if s.closing {
		t.mu.Unlock()
		return
	}
	s.closing = true
	t.closing++
	for s.first != none {
		s.reset = true
		s.shift()
	}
	if s.mark(); t.brief {
		s.cut()
	}
	s.finish()
	dirty := s.dirty
	t.mu.Unlock()
	t.wake(dirty)
}

// cut drops the bytes that the kernel does not take at once. The caller holds mu, and calls finish
// unless a send is in flight.
func (s *Stream) cut() {
	t := s.transfers
	if len(s.sending) > 0 {
		t.cancel(s.send) // sent continues
		return
	}
	if s.sendErr == 0 && s.push(s.pending) < len(s.pending) {
		s.reset = true
	}
	t.keepAll(s)
}

// push sends what the kernel takes of p, and returns how many bytes those were.
func (s *Stream) push(p []byte) int {
	sent := 0
	for sent < len(p) {
		n, err := sys.Send(s.handle, p[sent:])
		if err != nil {
			break
		}
		sent += n
	}
	return sent
}

// finish closes the handle if no operation uses it. The caller holds mu.
func (s *Stream) finish() {
	t := s.transfers
	if s.sendErr != 0 {
		t.keepAll(s)
	}
	if !s.idle() {
		return
	}
	if s.linger != 0 {
		t.cancel(s.linger) // its completion finds no stream
	}
	if s.reset {
		_ = sys.SetLinger(s.handle, 0) // the peer learns that its bytes were not read
	}
	_ = sys.Close(s.handle)
	t.drop(s)
}
