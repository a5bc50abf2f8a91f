package transfer

import (
	"net"
	"syscall"

	"github.com/edgewise-go/edgewise/sys"
)

// TryWrite is TryWritev of one segment.
func (s *Stream) TryWrite(p []byte) (int, error) {
	one := [1][]byte{p}
	return s.TryWritev(one[:])
}

// TryWritev writes from segments, and never waits. It may take only a part.
//
// Errors: [sys.ErrWouldBlock] if there is no room, in which case an event follows when there is;
// the errno of an earlier write; EPIPE after CloseWrite; the kernel's errno after a call has
// returned that the connection is over; [net.ErrClosed].
func (s *Stream) TryWritev(segments [][]byte) (int, error) {
	t := s.page.transfers
	t.mu.Lock()
	n, err := s.write(segments)
	marked := s.leave()
	t.mu.Unlock()
	t.wake(marked)
	return n, err
}

func (s *Stream) write(segments [][]byte) (int, error) {
	t, r := s.page.transfers, s.live()
	if r == nil || r.is(closing) || t.over {
		return 0, net.ErrClosed
	}
	a := t.activityOf(r)
	switch {
	case a.sendErr != 0:
		err := errorOf(a.sendErr)
		if r.fail(err); r.is(broken) {
			a.sendErr = 0
		} else {
			a.sendErr = -int32(syscall.EPIPE) // some bytes are lost, so none may follow
		}
		return 0, err
	case r.is(shut):
		return 0, syscall.EPIPE
	}
	total := size(segments)
	if total == 0 {
		return 0, nil
	}
	if r.is(broken) {
		t.keepAll(a)
		return sys.SendSegments(r.handle, segments)
	}
	idle := len(a.sending) == 0 && len(a.pending) == 0
	if idle && (total > chunkSize || r.is(stopping)) {
		return s.writeThrough(segments)
	}
	if a = t.activate(r); a.pending == nil {
		a.pending = t.chunk()
	}
	n := 0
	for _, p := range segments {
		k := min(len(p), cap(a.pending)-len(a.pending))
		a.pending = append(a.pending, p[:k]...)
		n += k
		if k < len(p) {
			break
		}
	}
	if n == 0 {
		r.flags |= full
		s.unquiet()
		return 0, sys.ErrWouldBlock
	}
	if len(a.sending) == 0 {
		s.mark()
	}
	s.unquiet()
	return n, nil
}

// writeThrough writes to the kernel at once.
func (s *Stream) writeThrough(segments [][]byte) (int, error) {
	r := s.record()
	n, err := sys.SendSegments(r.handle, segments)
	if err == sys.ErrWouldBlock {
		r.flags |= full
		s.mark()
	}
	return n, err
}

// CloseWrite ends the stream to the peer after the copied bytes.
func (s *Stream) CloseWrite() error {
	t := s.page.transfers
	t.mu.Lock()
	err := s.closeWrite()
	marked := s.leave()
	t.mu.Unlock()
	t.wake(marked)
	return err
}

func (s *Stream) closeWrite() error {
	t, r := s.page.transfers, s.live()
	if r == nil || r.is(closing) {
		return net.ErrClosed
	}
	r.flags |= shut
	s.unquiet()
	if a := t.activityOf(r); len(a.sending)+len(a.pending) > 0 {
		return nil
	}
	return sys.Shutdown(r.handle, sys.ShutWriting)
}

// Sync hands the copied bytes to the kernel, so that the caller may write by other means. Done
// reports whether it took all. If not, an event follows when it takes more, or the next write
// returns the error.
func (s *Stream) Sync() (done bool) {
	t := s.page.transfers
	t.mu.Lock()
	done = s.live() == nil || s.sync()
	marked := s.leave()
	t.mu.Unlock()
	t.wake(marked && !done)
	return done
}

// sync is Sync for a stream that has not ended. The caller holds mu.
func (s *Stream) sync() (done bool) {
	t, r := s.page.transfers, s.record()
	a := t.activityOf(r)
	switch {
	case r.is(closing|broken) || a.sendErr != 0:
		return true // the caller's own write fails
	case len(a.sending) > 0:
		r.flags |= full
		s.unquiet()
		return false
	case a.pending == nil:
		return true
	}
	for len(a.pending) > 0 {
		n, err := sys.Send(r.handle, a.pending)
		if err != nil {
			r.flags |= full
			s.mark() // the operation returns the error, or waits
			return false
		}
		a.pending = a.pending[:copy(a.pending, a.pending[n:])]
	}
	if r.is(shut) {
		_ = sys.Shutdown(r.handle, sys.ShutWriting) // as after a send
	}
	t.keepAll(a)
	return true
}

// Want makes an event follow when direction d is worth trying. It reports whether d is so already;
// then no event follows. It is for a caller that no try has given would-block.
func (s *Stream) Want(d sys.Direction) (ready bool) {
	t := s.page.transfers
	t.mu.Lock()
	if ready = s.want(d); !ready {
		s.mark()
	}
	t.mu.Unlock()
	t.wake(!ready)
	return ready
}

func (s *Stream) want(d sys.Direction) (ready bool) {
	t, r := s.page.transfers, s.live()
	switch {
	case r == nil || r.is(closing) || t.over:
		return true
	case d == sys.Readable:
		r.flags |= wanted
		return t.unread(r) || r.is(ended)
	}
	r.flags |= full
	return t.activityOf(r).sendErr != 0
}

// keepAll drops the bytes that can no longer be sent. The caller holds mu.
func (t *Transfers) keepAll(a *activity) {
	if a.pending != nil {
		t.keep(a.pending)
		a.pending = nil
	}
}

func size(segments [][]byte) int {
	n := 0
	for _, p := range segments {
		n += len(p)
	}
	return n
}
