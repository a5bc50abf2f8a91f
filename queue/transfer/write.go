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
	t := s.transfers
	t.mu.Lock()
	n, err := s.write(segments)
	dirty := s.dirty
	t.mu.Unlock()
	t.wake(dirty)
	return n, err
}

func (s *Stream) write(segments [][]byte) (int, error) {
	t := s.transfers
	switch {
	case s.closing || t.over:
		return 0, net.ErrClosed
	case s.sendErr != 0:
		err := errorOf(s.sendErr)
		if s.fail(err); s.broken {
			s.sendErr = 0
		} else {
			s.sendErr = -int32(syscall.EPIPE) // some bytes are lost, so none may follow
		}
		return 0, err
	case s.shut:
		return 0, syscall.EPIPE
	}
	total := size(segments)
	if total == 0 {
		return 0, nil
	}
	if s.broken {
		t.keepAll(s)
		return sys.SendSegments(s.handle, segments)
	}
	idle := len(s.sending) == 0 && len(s.pending) == 0
	if idle && (total > chunkSize || s.stopping) {
		return s.writeThrough(segments)
	}
	if s.pending == nil {
		s.pending = t.chunk()
	}
	n := 0
	for _, p := range segments {
		k := min(len(p), cap(s.pending)-len(s.pending))
		s.pending = append(s.pending, p[:k]...)
		n += k
		if k < len(p) {
			break
		}
	}
	if n == 0 {
		s.full = true
		s.unquiet()
		return 0, sys.ErrWouldBlock
	}
	if len(s.sending) == 0 {
		s.mark()
	}
	s.unquiet()
	return n, nil
}

// writeThrough writes to the kernel at once.
func (s *Stream) writeThrough(segments [][]byte) (int, error) {
	n, err := sys.SendSegments(s.handle, segments)
	if err == sys.ErrWouldBlock {
		s.full = true
		s.mark()
	}
	return n, err
}

// CloseWrite ends the stream to the peer after the copied bytes.
func (s *Stream) CloseWrite() error {
	t := s.transfers
	t.mu.Lock()
	err := s.closeWrite()
	dirty := s.dirty
	t.mu.Unlock()
	t.wake(dirty)
	return err
}

func (s *Stream) closeWrite() error {
	if s.closing {
		return net.ErrClosed
	}
	s.shut = true
	s.unquiet()
	if len(s.sending)+len(s.pending) > 0 {
		return nil
	}
	return sys.Shutdown(s.handle, sys.ShutWriting)
}

// Sync hands the copied bytes to the kernel, so that the caller may write by other means. Done
// reports whether it took all. If not, an event follows when it takes more, or the next write
// returns the error.
func (s *Stream) Sync() (done bool) {
	t := s.transfers
	t.mu.Lock()
	done = s.sync()
	dirty := s.dirty
	t.mu.Unlock()
	t.wake(dirty && !done)
	return done
}

func (s *Stream) sync() (done bool) {
	t := s.transfers
	switch {
	case s.closing || s.sendErr != 0 || s.broken:
		return true // the caller's own write fails
	case len(s.sending) > 0:
		s.full = true
		s.unquiet()
		return false
	}
	for len(s.pending) > 0 {
		n, err := sys.Send(s.handle, s.pending)
		if err != nil {
			s.full = true
			s.mark() // the operation returns the error, or waits
			return false
		}
		s.pending = s.pending[:copy(s.pending, s.pending[n:])]
	}
	if s.pending != nil && s.shut {
		_ = sys.Shutdown(s.handle, sys.ShutWriting) // as after a send
	}
	t.keepAll(s)
	return true
}

// Want makes an event follow when direction d is worth trying. It reports whether d is so already;
// then no event follows. It is for a caller that no try has given would-block.
func (s *Stream) Want(d sys.Direction) (ready bool) {
	t := s.transfers
	t.mu.Lock()
	if ready = s.want(d); !ready {
		s.mark()
	}
	t.mu.Unlock()
	t.wake(!ready)
	return ready
}

func (s *Stream) want(d sys.Direction) (ready bool) {
	switch {
	case s.closing || s.transfers.over:
		return true
	case d == sys.Readable:
		s.wanted = true
		return s.unread() || s.ended
	}
	s.full = true
	return s.sendErr != 0
}

// keepAll drops the bytes that can no longer be sent.
func (t *Transfers) keepAll(s *Stream) {
	if s.pending != nil {
		t.keep(s.pending)
		s.pending = nil
	}
}

func size(segments [][]byte) int {
	n := 0
	for _, p := range segments {
		n += len(p)
	}
	return n
}
