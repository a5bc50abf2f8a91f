package iouring

import (
	"syscall"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/internal/polling"
	"github.com/edgewise-go/edgewise/sys"
)

// triesMax bounds how often in a row the queue submits an operation again because of a result that
// is none of the operation, such as EINTR.
const triesMax = 255

// emptyMax bounds how often in a row the queue submits a receive again that has found no buffer,
// although some are not lent. The kernel has got all buffers before the last time (MaxBuffers).
const emptyMax = 12

// outcome is what a completion of the kernel means for its operation.
type outcome uint8

const (
	nothing  outcome = iota // nothing to report, and the kernel continues
	again                   // nothing to report, and the operation must be submitted again
	progress                // report, and the kernel continues
	rearm                   // report, and the operation must be submitted again
	terminal                // report the end
)

// complete stores the event of a completion of an operation at events[n], if it reports something,
// and returns the new number of events. The caller holds Mu and has the turn.
func (q *instance) complete(events []queue.Event, n int, c sys.IoUringCQE) (int, error) {
	id := queue.OpID(c.UserData &^ (operationMark | cancelOpMark))
	s := q.flight.Of(id)
	if c.UserData&cancelOpMark != 0 {
		q.cancelFailed(id, s, c.Result)
		return n, nil
	}
	if s == nil || !s.Extra.is(entered) {
		if c.Flags&sys.IoUringMore != 0 {
			return n, q.push(q.cancelRequest(c.UserData))
		}
		return n, nil
	}
	x := &s.Extra
	if x.is(skipping) {
		x.state = x.state&^(quietly|skipping) | partial
	}
	more := c.Flags&sys.IoUringMore != 0
	if !more {
		x.state &^= entered
		q.inside--
	}
	result, what := q.judge(id, s, c, more)
	bits, buffer := queue.Completed, uint16(0)
	if b := q.buffersFor(x); b != nil && c.Flags&sys.IoUringBuffer != 0 {
		number := uint16(c.Flags >> 16)
		switch {
		case what >= progress && result > 0:
			if b.lend(number) {
				bits |= queue.Provided
				buffer = number
			}
		default:
			b.giveBack(number)
		}
	}
	if what == again || what == rearm {
		q.enlist(id, s)
	}
	if what < progress {
		return n, nil
	}
	if what != terminal {
		bits |= queue.More
	}
	q.emit(events, n, queue.Event{Token: s.Token, Completion: bits, Kind: s.Kind, Buffer: buffer, Result: result})
	if what == terminal {
		q.finish(id, s, result)
	}
	return n + 1, nil
}

// emit stores an event that no other is merged with. The caller holds Mu and has the turn.
func (q *instance) emit(events []queue.Event, n int, e queue.Event) {
	if n == len(q.batch) {
		q.batch = append(q.batch, 0)
	}
	q.batch[n] = none
	events[n] = e
}

// emitLocal stores the completions that need no kernel. The caller holds Mu and has the turn.
func (q *instance) emitLocal(events []queue.Event) (n int) {
	if len(q.local) == 0 {
		return 0
	}
	done := 0
	// finish may append the successor in a chain.
	for ; done < len(q.local) && n < len(events); done++ {
		id := q.local[done]
		s := q.flight.Of(id)
		if s == nil {
			continue
		}
		result := q.orMoved(s, q.detailsOf(s).result)
		q.emit(events, n, queue.Event{Token: s.Token, Completion: queue.Completed, Kind: s.Kind, Result: result})
		q.finish(id, s, result)
		n++
	}
	q.local = shifted(q.local, done)
	return n
}

// lostAfter is the number of cancellations that must not find an operation before the queue takes
// its completion for lost. The kernel does not find one that it is about to complete or to
// continue.
const lostAfter = 3

// cancelFailed takes the failure of a cancellation. The caller holds Mu.
func (q *instance) cancelFailed(id queue.OpID, s *record, result int32) {
	if result >= 0 || s == nil || !s.Extra.is(entered) {
		return
	}
	x := &s.Extra
	switch {
	case x.is(suspect):
		if x.tries++; x.tries >= lostAfter && result == -int32(syscall.ENOENT) {
			x.state &^= entered
			q.inside--
			q.settleLocally(id, s, -int32(syscall.EBADR))
			return
		}
	case !s.Multi && !x.is(persistent):
		return // its completion comes, or finish cancels it when its predecessor has ended
	default:
		if x.tries++; x.tries == triesMax {
			return
		}
	}
	q.cancels = append(q.cancels, id)
}

// reclaim finds out which operations have lost a completion, after the kernel has dropped some for
// lack of memory. It cancels all. Those that the kernel finds are submitted again, and the others
// complete with EBADR. The caller holds Mu.
func (q *instance) reclaim() {
	for i := range q.flight.Slots() {
		if id, s := q.flight.At(i); s != nil && s.Extra.is(entered) {
			s.Extra.state = s.Extra.state&^skipping | suspect
			s.Extra.tries = 0
			q.cancels = append(q.cancels, id)
		}
	}
}

// judge returns the result of an operation after a completion, and what that means. more says
// whether the kernel continues. The caller holds Mu.
func (q *instance) judge(id queue.OpID, s *record, c sys.IoUringCQE, more bool) (int32, outcome) {
	x := &s.Extra
	result := c.Result
	switch {
	case x.is(held):
		if more {
			return 0, nothing
		}
		return q.detailsOf(s).result, terminal
	case c.Flags&sys.IoUringNotification != 0:
		result = q.detailsOf(s).result
	case x.is(zeroCopy) && more:
		q.detail(s).result = result
		return 0, nothing
	}
	if result < 0 {
		return q.judgeError(s, syscall.Errno(-result))
	}
	switch s.Kind {
	case queue.OpRecv, queue.OpSend:
		return q.judgeTransfer(s, result, more)
	case queue.OpRecvMessage:
		d := q.detailsOf(s)
		d.memory.Received(sys.Handle(d.handle), int(result), d.message)
	case queue.OpPoll:
		return q.judgePoll(id, s, result, more)
	case queue.OpAccept:
		return result, q.continued(s, more)
	case queue.OpTimeout, queue.OpConnect, queue.OpClose:
		result = 0
	}
	return result, terminal
}

// continued returns the outcome of a success: a Multi operation continues in the kernel, or by a
// new submission, or not at all if it was canceled.
func (q *instance) continued(s *record, more bool) outcome {
	s.Extra.tries = 0
	switch {
	case more:
		return progress
	case s.Multi && !s.Extra.is(canceled):
		return rearm
	}
	return terminal
}

// retry submits an operation again, unless it was canceled. The caller holds Mu.
func (q *instance) retry(s *record) (int32, outcome) {
	x := &s.Extra
	if x.is(canceled) {
		return q.orMoved(s, queue.ResultCanceled), terminal
	}
	if x.tries++; x.tries == triesMax {
		return q.orMoved(s, queue.ResultCanceled), terminal
	}
	return 0, again
}

// orMoved returns the number of bytes that an operation moved before it ended with result, or
// result if there are none.
func (q *instance) orMoved(s *record, result int32) int32 {
	if moved := q.detailsOf(s).moved; moved > 0 {
		return moved
	}
	return result
}

// judgeError is judge for a negative result.
func (q *instance) judgeError(s *record, errno syscall.Errno) (int32, outcome) {
	x := &s.Extra
	transfers := s.Kind == queue.OpRecv || s.Kind == queue.OpSend
	switch {
	case errno == syscall.ECANCELED:
		switch {
		case x.is(canceled | doomed):
			return q.orMoved(s, queue.ResultCanceled), terminal
		case q.detailsOf(s).prev != 0:
			// The kernel ended the chain, and its predecessor has not failed in the contract.
			x.state |= waiting
			return 0, nothing
		}
		// The thread that submitted it has ended, or reclaim canceled it.
		x.state &^= suspect
		return q.retry(s)
	case errno == syscall.EINTR && s.Kind != queue.OpConnect:
		return q.retry(s)
	case s.Kind == queue.OpTimeout && errno == syscall.ETIME:
		return 0, terminal
	case transfers && errno == syscall.EAGAIN && !x.is(polled1st):
		x.state |= polled1st
		return q.retry(s)
	case transfers && errno == syscall.ENOTSOCK && !x.is(file):
		x.state = x.state&^zeroCopy | file
		return q.retry(s)
	case x.is(zeroCopy) && (errno == syscall.EOPNOTSUPP || errno == syscall.EINVAL || errno == syscall.ENOMEM):
		// The family of the socket has no zero copy, or RLIMIT_MEMLOCK forbids it.
		x.state &^= zeroCopy
		return q.retry(s)
	case x.group != 0 && errno == syscall.ENOBUFS:
		if q.buffersFor(x).replenish(x.tries) && x.tries < emptyMax {
			return q.retry(s)
		}
		return queue.ResultNoBuffers, terminal
	}
	return q.orMoved(s, -int32(errno)), terminal
}

// judgeTransfer is judge for a result of OpRecv or OpSend that is no error.
func (q *instance) judgeTransfer(s *record, result int32, more bool) (int32, outcome) {
	x := &s.Extra
	if x.is(polled1st) {
		x.state &^= polled1st
		return q.retry(s)
	}
	if s.Kind == queue.OpRecv {
		if result == 0 || !s.Multi {
			return result, terminal
		}
		return result, q.continued(s, more)
	}
	x.tries = 0
	d := q.detail(s)
	d.moved += result
	if x.is(file|partial) && result > 0 && int(d.moved) < d.size() {
		return q.retry(s)
	}
	return d.moved, terminal
}

// judgePoll is judge for the bits that a poll reports.
func (q *instance) judgePoll(id queue.OpID, s *record, result int32, more bool) (int32, outcome) {
	x := &s.Extra
	ready := polling.ReadyOf(int16(result))
	ready &^= queue.Ready(queue.Both &^ x.interest)
	if ready.Directions() == queue.None && ready&(queue.ReadyHangUp|queue.ReadyError) == 0 {
		// The peer's half-close is always reported, and no direction of the interest waits for it.
		// A poll that reports once would complete at once, again and again.
		x.state |= persistent
		if more {
			return 0, nothing
		}
		return q.retry(s)
	}
	if s.Multi {
		if !more && !x.is(canceled) && q.wakesNobody(s) {
			return int32(ready), terminal
		}
		return int32(ready), q.continued(s, more)
	}
	if more {
		// The kernel holds the file until the poll has ended, and the caller may close the handle
		// after the completion.
		x.state |= held
		q.detail(s).result = int32(ready)
		q.cancels = append(q.cancels, id)
		return 0, nothing
	}
	return int32(ready), terminal
}

// wakesNobody reports whether a lasting poll of the handle ends at once; see waitless.
func (q *instance) wakesNobody(s *record) bool {
	kind, err := sys.KindOf(sys.Handle(q.handleOf(s)))
	return err == nil && kind == sys.KindFile
}

// finish ends an operation whose terminal completion is stored, and starts or ends its successor in
// a chain. The caller holds Mu.
func (q *instance) finish(id queue.OpID, s *record, result int32) {
	succeeded, nextID := q.succeeded(s, result), q.detailsOf(s).next
	q.forget(id, s)
	next := q.flight.Of(nextID)
	if nextID == 0 || next == nil {
		return
	}
	x := &next.Extra
	q.detail(next).prev = 0
	switch {
	case x.is(finished):
	case !succeeded:
		x.state |= doomed
		if x.is(waiting) {
			q.settleLocally(nextID, next, queue.ResultCanceled)
		}
	case x.is(waiting):
		x.state &^= waiting
		q.enlist(nextID, next)
	case x.is(canceled) && x.is(entered):
		q.cancels = append(q.cancels, nextID) // the kernel does not find a request that has not begun
	}
}

// succeeded reports whether the successor of an operation in a chain may begin.
func (q *instance) succeeded(s *record, result int32) bool {
	if result < 0 {
		return false
	}
	switch s.Kind {
	case queue.OpRecv:
		if s.Extra.group != 0 {
			return result > 0
		}
		return int(result) == q.detailsOf(s).size()
	case queue.OpSend:
		return int(result) == q.detailsOf(s).size()
	case queue.OpSendMessage:
		return int(result) == len(q.detailsOf(s).message.Buffer)
	}
	return true
}
