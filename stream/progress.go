package stream

import (
	"errors"
	"time"

	"github.com/edgewise-go/edgewise/sys"
)

// ErrNoProgress is returned by an operation that would block although the kernel calls the handle
// ready, again and again, where the Source offers no other way to suspend the caller than a
// wait for the handle, which would spin. See Source.
var ErrNoProgress = errors.New("stream: the handle is ready, and the operation would block")

// The bounds of an operation that would block each time that its wait has ended.
const (
	// refusalsMax is how many waits in a row end in vain before the handle is looked at. Some are
	// usual: an event that was late, another reader that was faster, a deadline that moved.
	refusalsMax = 8
	// errorsDroppedMax is how many entries of an error queue are dropped at a time.
	errorsDroppedMax = 64
	// While looks find the handle ready, the operation is tried at intervals that double from the
	// first of these to the second. Some handles have no better answer: an eventfd is writable when
	// it has room for 1, and may have none for what is written.
	stuckPauseMin = time.Millisecond
	stuckPauseMax = 128 * time.Millisecond
)

// progress is what a side remembers of waits that ended in vain. It is guarded by the turn.
type progress struct {
	woken   bool  // the last wait returned nil, and no operation has succeeded since
	blocked bool  // a try of a caller who waits by himself would block
	refused uint8 // waits in a row that ended in vain
	pauses  uint8 // looks in a row that found the handle ready
}

// progressed notes that an operation has moved something, or failed for good.
func (p *progress) progressed() { *p = progress{} }

// tried notes the outcome of a try whose caller waits by himself.
func (p *progress) tried(err error) {
	if p.blocked = err == sys.ErrWouldBlock; !p.blocked {
		p.progressed()
	}
}

// inVain is called before a wait if the one before was in vain. It reports whether the operation is
// to be tried again without a wait.
func (s *side) inVain(sock *Socket, reg Source, d sys.Direction) (again bool, err error) {
	if s.refused++; s.refused < refusalsMax {
		return false, nil
	}
	s.refused = refusalsMax - 1 // the next time is looked at as well, unless this look finds nothing
	ready, dropped, err := sock.look(d)
	if err != nil {
		return false, err
	}
	if !ready || dropped {
		s.progressed()
		return dropped, nil
	}
	s.pauses++
	if s.pauses == 1 {
		return true, nil // what it is ready for may have come just now
	}
	left := stuckPauseMin << (s.pauses - 2)
	if left >= stuckPauseMax {
		left = stuckPauseMax
		s.pauses-- // no further
	}
	if deadline := s.deadline(); !deadline.IsZero() {
		left = min(left, time.Until(deadline))
	}
	return true, pause(reg, left)
}

// look asks the kernel whether s is ready in direction d, and empties its error queue if there is
// one: that keeps it ready until somebody reads it, and no operation of a stream does. It returns a
// pending error that the operation has passed over.
func (s *Socket) look(d sys.Direction) (ready, dropped bool, err error) {
	if err := s.acquire(); err != nil {
		return false, false, err
	}
	defer s.release()
	fds := [1]sys.PollFD{{Fd: int32(s.handle), Events: lookEvents[d]}}
	if n, err := sys.Poll(fds[:], 0); n == 0 || err != nil {
		return false, false, nil // the wait says what is wrong, if anything is
	}
	if fds[0].Revents&sys.PollErr != 0 && !s.file {
		if sys.DropErrors(s.handle, errorsDroppedMax) > 0 {
			return true, true, nil
		}
		if err := sys.SocketError(s.handle); err != nil {
			return true, false, err
		}
	}
	return true, false, nil
}

var lookEvents = [2]int16{sys.Readable: sys.PollIn | sys.PollRDHup, sys.Writable: sys.PollOut}

// pause suspends the caller for d by other means than the handle, which is ready.
func pause(reg Source, d time.Duration) error {
	if mayBlock(reg) {
		time.Sleep(d)
		return nil
	}
	return suspend(reg, func(resume func()) { time.AfterFunc(d, resume) }, ErrNoProgress)
}
