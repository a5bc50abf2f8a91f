package iouring

import "github.com/edgewise-go/edgewise/queue"

// The completion of an ordinary send ends the Wait that submits it, and the loop has to enter the
// kernel again to wait. A send with Op.Quiet therefore asks the kernel for no completion on success
// (IOSQE_CQE_SKIP_SUCCESS). With MSG_DONTWAIT the kernel performs the send while it takes the
// submission. The send completes at once if the socket has no room for all bytes. The queue then
// submits the rest as an ordinary send. The kernel stores all completions of the submissions that
// it takes before it advances the head of the ring. So a send before the head without a completion
// has succeeded.

// silence is a send that completes only if it fails.
type silence struct {
	id queue.OpID
	at uint32 // IoUring.Pushed after the submission
}

// taken reports whether the kernel has taken the submission when it has taken all up to head.
func (s silence) taken(head uint32) bool { return int32(head-s.at) >= 0 }

// unsilence returns the record of s if it was taken without a completion, or nil. The caller holds
// Mu, and has taken all completions since it read the head.
func (q *instance) unsilence(s silence) *record {
	r := q.flight.Of(s.id)
	if r == nil || !r.Extra.is(skipping) {
		return nil
	}
	r.Extra.state &^= entered | skipping
	q.inside--
	return r
}

// emitSilent stores the completions of the silent sends up to head that have succeeded. The caller
// holds Mu and has the turn, and has taken all completions since it read head.
func (q *instance) emitSilent(events []queue.Event, n int, head uint32) int {
	if q.ring.Overflown() {
		return n // a completion of one may wait for room
	}
	done := 0
	for ; done < len(q.silents) && n < len(events) && q.silents[done].taken(head); done++ {
		id := q.silents[done].id
		s := q.unsilence(q.silents[done])
		if s == nil {
			continue
		}
		result := int32(len(q.detailsOf(s).data))
		q.emit(events, n, queue.Event{Token: s.Token, Completion: queue.Completed, Kind: s.Kind, Result: result})
		q.finish(id, s, result)
		n++
	}
	q.silents = q.silents[:copy(q.silents, q.silents[done:])]
	return n
}

// dropSilent ends the silent sends up to head that have succeeded. The caller is that of
// emitSilent.
func (q *instance) dropSilent(head uint32) {
	done := 0
	for ; done < len(q.silents) && q.silents[done].taken(head); done++ {
		q.unsilence(q.silents[done])
	}
	q.silents = q.silents[:copy(q.silents, q.silents[done:])]
}

// unheard reports whether the last Wait had no room for the completion of a silent send. The caller
// holds Mu.
func (q *instance) unheard() bool {
	return len(q.silents) > 0 && q.silents[0].taken(q.ring.Taken())
}
