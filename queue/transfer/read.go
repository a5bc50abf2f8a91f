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
	t := s.page.transfers
	t.mu.Lock()
	n, err := s.read(segments)
	marked := s.leave()
	t.mu.Unlock()
	t.wake(marked)
	return n, err
}

func (s *Stream) read(segments [][]byte) (n int, err error) {
	t, r := s.page.transfers, s.live()
	if r == nil || r.is(closing) {
		return 0, net.ErrClosed
	}
	if size(segments) == 0 {
		return 0, nil
	}
	a := t.activityOf(r)
	for _, p := range segments {
		for len(p) > 0 && a.first != none {
			h := &t.held[a.first]
			k := copy(p, t.buffers.Bytes(uint16(a.first))[h.from:h.to])
			p, n = p[k:], n+k
			if h.from += int32(k); h.from == h.to {
				t.shift(a)
			}
		}
	}
	switch {
	case n > 0:
		if r.is(wanted) && !r.is(bulk) && !t.receiving(r) {
			s.mark() // there is room again
		}
		return n, nil
	case a.readErr != 0:
		return 0, r.takeReadErr(a)
	case r.is(ended):
		return 0, io.EOF
	case !t.receiving(r):
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
	t, r := s.page.transfers, s.record()
	room := size(segments)
	n, err := sys.RecvSegments(r.handle, segments)
	switch {
	case r.is(stopping):
	case err == sys.ErrWouldBlock:
		r.flags |= wanted
		s.mark()
	case err != nil:
		r.flags |= ended
		r.fail(err)
	case n < room:
		r.note(n, t.options.BufferSize)
		r.flags |= wanted
		s.mark() // what is left, or comes next, makes an event
	default:
		r.note(n, t.options.BufferSize)
	}
	if n == 0 && err == nil {
		r.flags |= ended
		err = io.EOF
	}
	return n, err
}

// note ends bulk after some reads that are smaller than a buffer.
func (r *record) note(n, buffer int) {
	if n >= buffer {
		r.small = 0
	} else if r.small++; r.small >= smallMax {
		r.small = 0
		r.flags &^= bulk
	}
}

// smallMax is the number of small reads in sequence after which a stream in bulk receives into
// buffers again.
const smallMax = 4

// takeReadErr returns the error of the receive once; the stream has ended after it.
func (r *record) takeReadErr(a *activity) error {
	err := errorOf(a.readErr)
	a.readErr = 0
	r.flags |= ended
	r.fail(err)
	return err
}

// fail records that a call has returned err.
func (r *record) fail(err error) {
	if sys.ClassOf(err) == sys.ClassDisconnected {
		r.flags |= broken
	}
}

func errorOf(result int32) error { return (&queue.Event{Result: result}).Err() }

// shift gives the first buffer with unread bytes back.
func (t *Transfers) shift(a *activity) {
	id := a.first
	if a.first = t.held[id].next; a.first == none {
		a.last = none
	}
	a.count--
	t.buffers.Return(uint16(id))
}

// Drained reports whether a read has taken all that has arrived, and an event will report what
// comes next.
func (s *Stream) Drained() bool {
	t := s.page.transfers
	t.mu.Lock()
	defer t.mu.Unlock()
	r := s.live()
	return r != nil && r.is(wanted) && !r.is(ended|stopping) && !t.unread(r) && (*t.receive(r) != 0 || r.is(dirty))
}
