package completion

import (
	"github.com/edgewise-go/edgewise/queue"
)

// none marks the end of a list of operations.
const none = int32(-1)

// The lanes of a source, in the order in which readiness makes them due: a receive would take the
// bytes that a poll is to report.
const (
	polling = iota
	receiving
	sending
	lanes
)

// lane holds the operations of a handle and a direction in the order of submission, or all those of
// kind OpPoll.
type lane struct {
	source     *source
	number     int
	head, tail int32
	due        bool // in adapter.due; outlives the handle of the source
	busy       bool // a Wait tries the operations
	again      bool // readiness was reported while the lane was busy
	blocked    bool // the operations wait for readiness
}

func (l *lane) init(s *source, number int) {
	*l = lane{source: s, number: number, head: none, tail: none, due: l.due}
}

// try makes l due, or has it tried again if it is being tried.
func (q *adapter) try(l *lane) {
	switch {
	case l.head == none:
	case l.busy:
		l.again = true
	case !l.due:
		l.due = true
		q.due.push(l)
	}
}

// work tries the lanes that are due, each once, until there are as many completions as a Wait has
// room for. It releases mu during the operations.
func (q *adapter) work(room int) {
	for range q.due.len() {
		if q.due.len() == 0 || q.done.len() >= room || q.gate.Closed() {
			return
		}
		l := q.due.pop()
		l.due = false
		switch {
		case l.busy:
			l.again = true
		case l.head == none:
		case l.number == polling:
			q.poll(l)
		default:
			q.perform(l)
		}
	}
}

// perform tries the first operation of l.
func (q *adapter) perform(l *lane) {
	id, o := q.flights.At(int(l.head))
	x := &o.Extra
	s := l.source
	t := attempt{op: x.op, pool: x.pool, sent: x.sent, connecting: x.connecting, kind: s.kind, mark: s.urgent || !q.features.Urgent}
	x.trying = true
	l.busy, l.again, l.blocked = true, false, false
	q.mu.Unlock()
	t.run()
	q.mu.Lock()
	x = &q.flights.Of(id).Extra
	x.trying, x.sent, x.connecting = false, t.sent, t.connecting
	l.busy, s.kind = false, t.kind
	switch {
	case t.blocked && x.canceled:
		q.finish(id, x.partial())
	case t.blocked && (t.again || l.again):
		q.try(l)
	case t.blocked:
		q.await(l)
	case x.op.Multi && t.continues():
		q.report(id, t.outcome, queue.More)
		if x.canceled {
			q.finish(id, canceled)
		} else {
			q.try(l)
		}
	default:
		q.finish(id, t.outcome)
	}
}

// poll completes those operations of l whose directions are ready.
func (q *adapter) poll(l *lane) {
	s := l.source
	wanted := q.polled(l)
	if !s.covers(wanted) {
		// A new registration reports what is ready. A poll before it would report that twice.
		q.await(l)
		return
	}
	l.busy, l.again, l.blocked = true, false, false
	q.mu.Unlock()
	ready, err := pollNow(s.handle, wanted)
	q.mu.Lock()
	l.busy = false
	for i := l.head; i != none; {
		id, o := q.flights.At(int(i))
		x := &o.Extra
		i = x.next
		hit := ready.Directions() & x.op.Interest
		result := outcome{result: int32(ready&^queue.Ready(queue.Both) | queue.Ready(hit))}
		switch {
		case err != nil:
			q.finish(id, outcome{result: resultOf(err)})
		case hit == queue.None && (x.op.Interest != queue.None || ready&(queue.ReadyHangUp|queue.ReadyError) == 0):
			if x.canceled {
				q.finish(id, canceled)
			}
		case !x.op.Multi:
			q.finish(id, result)
		default:
			q.report(id, result, queue.More)
			if x.canceled {
				q.finish(id, canceled)
			}
		}
	}
	if l.head == none || l.due {
		return
	}
	if l.again {
		q.try(l)
		return
	}
	q.await(l)
}

// await makes the operations of l wait for readiness. If the queue below refuses the handle, they
// fail.
func (q *adapter) await(l *lane) {
	s := l.source
	l.blocked = true
	err := q.arm(s)
	if err == nil {
		return
	}
	for n := s.operations; n > 0 && l.head != none && l.blocked; n-- {
		id, _ := q.flights.At(int(l.head))
		q.finish(id, outcome{result: resultOf(err)})
		if l.number != polling {
			return
		}
	}
}

// polled returns the directions that the operations of l poll for.
func (q *adapter) polled(l *lane) queue.Interest {
	all := queue.None
	for i := l.head; i != none; {
		_, o := q.flights.At(int(i))
		all |= o.Extra.op.Interest
		i = o.Extra.next
	}
	return all
}

// enter appends an operation to l.
func (q *adapter) enter(l *lane, id queue.OpID, x *operation) {
	i := slotOf(id)
	x.lane, x.prev, x.next = l, l.tail, none
	if l.tail == none {
		l.head = i
	} else {
		_, o := q.flights.At(int(l.tail))
		o.Extra.next = i
	}
	l.tail = i
	l.source.operations++
	if l.head == i || l.number == polling {
		q.try(l)
	}
}

// leave removes an operation from its lane, and makes the following one due.
func (q *adapter) leave(x *operation) {
	l := x.lane
	x.lane = nil
	wasHead := x.prev == none
	if wasHead {
		l.head = x.next
	} else {
		_, o := q.flights.At(int(x.prev))
		o.Extra.next = x.next
	}
	if x.next == none {
		l.tail = x.prev
	} else {
		_, o := q.flights.At(int(x.next))
		o.Extra.prev = x.prev
	}
	if l.head == none {
		l.blocked = false
	} else if wasHead && l.number != polling {
		q.try(l)
	}
	l.source.operations--
	q.release(l.source)
}
