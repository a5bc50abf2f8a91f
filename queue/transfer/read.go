package transfer

import (
	"io"
	"net"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// TryReadv copies bytes that have arrived into segments, and never waits.
//
// Without room in segments it returns 0, nil.
//
// Errors: [io.EOF] at the end of the stream, [sys.ErrWouldBlock] if nothing has arrived, in which
// case an event follows when something has; the errno of the receive; [net.ErrClosed].
func (s *Stream) TryReadv(segments [][]byte) (int, error) {
	t := s.transfers
	t.mu.Lock()
	n, err := s.read(segments)
	dirty := s.dirty
	t.mu.Unlock()
	t.wake(dirty)
	return n, err
}

func (s *Stream) read(segments [][]byte) (n int, err error) {
	t := s.transfers
	if s.closing {
		return 0, net.ErrClosed
	}
	if size(segments) == 0 {
		return 0, nil
	}
	for _, p := range segments {
		for len(p) > 0 && s.first != none {
			h := &t.held[s.first]
			k := copy(p, t.buffers.Bytes(uint16(s.first))[h.from:h.to])
			p, n = p[k:], n+k
			if h.from += int32(k); h.from == h.to {
				s.shift()
			}
		}
	}
	switch {
	case n > 0:
		if s.wanted && !s.bulk && s.receive == 0 {
			s.mark() // there is room again
		}
		return n, nil
	case s.readErr != 0:
		return 0, s.takeReadErr()
	case s.ended:
		return 0, io.EOF
	case s.receive == 0:
		return s.direct(segments)
	}
	return 0, sys.ErrWouldBlock
}

// TryRead is TryReadv into one segment.
func (s *Stream) TryRead(p []byte) (int, error) {
	one := [1][]byte{p}
	return s.TryReadv(one[:])
}

// direct reads from the kernel. No receive is in flight that could take later bytes first.
func (s *Stream) direct(segments [][]byte) (int, error) {
	room := size(segments)
	n, err := sys.RecvSegments(s.handle, segments)
	switch {
	case s.stopping:
	case err == sys.ErrWouldBlock:
		s.wanted = true
		s.mark()
	case err != nil:
		s.ended = true
		s.fail(err)
	case n < room:
		s.note(n)
		s.wanted = true
		s.mark() // what is left, or comes next, makes an event
	default:
		s.note(n)
	}
	if n == 0 && err == nil {
		s.ended, err = true, io.EOF
	}
	return n, err
}

// note ends bulk after some small reads.
func (s *Stream) note(n int) {
	if n >= s.transfers.options.BufferSize {
		s.small = 0
	} else if s.small++; s.small >= smallMax {
		s.small, s.bulk = 0, false
	}
}

// smallMax is the number of small reads in sequence after which a stream in bulk receives into
// buffers again.
const smallMax = 4

// takeReadErr returns the error of the receive once; the stream has ended after it.
func (s *Stream) takeReadErr() error {
	err := errorOf(s.readErr)
	s.readErr, s.ended = 0, true
	s.fail(err)
	return err
}

// fail records that a call has returned err.
func (s *Stream) fail(err error) {
	s.broken = s.broken || sys.ClassOf(err) == sys.ClassDisconnected
}

func errorOf(result int32) error { return (&queue.Event{Result: result}).Err() }

// shift gives the first buffer back.
func (s *Stream) shift() {
	t := s.transfers
	id := s.first
	if s.first = t.held[id].next; s.first == none {
		s.last = none
	}
	s.count--
	t.buffers.Return(uint16(id))
}

// Drained reports whether a read has taken all that has arrived, and an event will report what
// comes next.
func (s *Stream) Drained() bool {
	s.transfers.mu.Lock()
	defer s.transfers.mu.Unlock()
	return s.wanted && s.first == none && !s.ended && s.readErr == 0 && !s.stopping &&
		(s.receive != 0 || s.arrival != 0 || s.dirty)
}
