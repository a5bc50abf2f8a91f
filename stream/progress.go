package stream

import (
	"errors"
	"time"

	"github.com/edgewise-go/edgewise/sys"
)

// ErrNoProgress is returned by an operation that would block repeatedly although the kernel reports
// the handle as ready. It occurs only if the Source can suspend the caller in no other way than by
// a wait for the handle, which would spin. See Source.
var ErrNoProgress = errors.New("stream: no progress: handle is ready but the operation would block")

// Bounds of an operation that would block after each of its waits.
const (
	// refusalsMax is how many consecutive waits may end without progress before the handle is
	// inspected. Some are normal: a late event, a faster reader, a deadline that moved.
	refusalsMax = 8
	// errorsDroppedMax is how many entries of an error queue are dropped per inspection.
	errorsDroppedMax = 64
	// While inspections find the handle ready, the operation is tried at intervals that double from
	// stuckPauseMin to stuckPauseMax. Some handles offer nothing better: an eventfd is writable if
	// it has room for 1, and may have no room for the value written.
	stuckPauseMin = time.Millisecond
	stuckPauseMax = 128 * time.Millisecond
)

// progress counts the waits of a side that ended without progress. It is guarded by the turn.
type progress struct {
	woken   bool  // the last wait returned nil, and no operation has succeeded since
	blocked bool  // a try of a caller that waits separately would block
	refused uint8 // consecutive waits without progress
	pauses  uint8 // consecutive inspections that found the handle ready
}

// progressed records that an operation has moved something or has failed for good.
func (p *progress) progressed() { *p = progress{} }

// tried records the outcome of a try whose caller waits separately.
func (p *progress) tried(err error) {
	if p.blocked = err == sys.ErrWouldBlock; !p.blocked {
		p.progressed()
	}
}

// inVain is called before a wait if the previous one brought no progress. It reports whether to try
// the operation again without a wait.
func (s *side) inVain(sock *Socket, reg Source, d sys.Direction) (again bool, err error) {
	if s.refused++; s.refused < refusalsMax {
		return false, nil
	}
	s.refused = refusalsMax - 1 // inspect the next time too, unless this inspection finds nothing
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
		return true, nil // the cause may have arrived just now
	}
	left := stuckPauseMin << (s.pauses - 2)
	if left >= stuckPauseMax {
		left = stuckPauseMax
		s.pauses-- // do not double further
	}
	if deadline := s.deadline(); !deadline.IsZero() {
		left = min(left, time.Until(deadline))
	}
	return true, pause(reg, left)
}

// look asks the kernel whether s is ready in direction d, and empties its error queue. An unread
// error queue keeps s ready, and no operation of a stream reads it. look returns a pending error
// that the operation did not return.
func (s *Socket) look(d sys.Direction) (ready, dropped bool, err error) {
	if err := s.acquire(); err != nil {
		return false, false, err
	}
	defer s.release()
	fds := [1]sys.PollFD{{Fd: int32(s.handle), Events: lookEvents[d]}}
	if n, err := sys.Poll(fds[:], 0); n == 0 || err != nil {
		return false, false, nil // if anything is wrong, the wait reports it
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

// pause suspends the caller for d without a wait for the handle, which is ready.
func pause(reg Source, d time.Duration) error {
	if mayBlock(reg) {
		time.Sleep(d)
		return nil
	}
	return suspend(reg, func(resume func()) { time.AfterFunc(d, resume) }, ErrNoProgress)
}
