package completion

import (
	"math"

	"github.com/edgewise-go/edgewise/queue"
)

// source holds the state of a handle that is registered or has operations.
type source struct {
	handle     handle
	index      uint32 // in adapter.sources
	generation uint32 // of the caller's registration; an event of another one is stale
	lanes      [lanes]lane
	operations int // in the lanes

	// The caller's registration.
	registered bool
	mode       queue.Mode
	exclusive  bool
	token      queue.Token
	interest   queue.Interest
	armed      queue.Interest // in mode OneShot: not yet reported
	reported   queue.Interest // in mode Edge: since the caller's last would-block
	missed     queue.Interest // in mode Edge: reported by the queue below although in reported

	// The registration below.
	added bool
	below queue.Registration

	kind   kindOf
	urgent bool // the queue below has reported urgent data
	ends   bool // the queue below has reported the end of the stream, or an error
}

// kindOf is what the operations found out about a handle.
type kindOf uint8

const (
	unknown kindOf = iota
	file           // not a socket
	ipv4           // a socket that sends datagrams
	ipv6
)

// tokenBelow returns the token of the registration below.
func (s *source) tokenBelow(generation uint32) queue.Token {
	return queue.Token(generation)<<32 | queue.Token(s.index)
}

// current returns the source with this token below, or nil if the token is stale.
func (q *adapter) current(t queue.Token) *source {
	i := t & math.MaxUint32
	if uint64(i) >= uint64(len(q.sources)) {
		return nil
	}
	s := q.sources[i]
	if !s.added || s.generation != uint32(t>>32) {
		return nil
	}
	return s
}

// sourceOf returns the source of h, which it makes if there is none.
func (q *adapter) sourceOf(h handle) *source {
	s := q.byHandle[h]
	if s != nil {
		return s
	}
	if n := len(q.unused); n > 0 {
		s = q.unused[n-1]
		q.unused = q.unused[:n-1]
	} else {
		s = &source{index: uint32(len(q.sources))}
		for i := range s.lanes {
			s.lanes[i].init(s, i)
		}
		q.sources = append(q.sources, s)
	}
	s.handle = h
	q.byHandle[h] = s
	return s
}

// release ends the registration below and forgets s, unless s is registered or has operations.
func (q *adapter) release(s *source) {
	if s.registered || s.operations > 0 || q.byHandle[s.handle] != s {
		return
	}
	if s.added {
		// An error would mean that the caller closed the handle during an operation. Nothing is
		// registered below then.
		_ = q.below.Delete(s.handle)
	}
	delete(q.byHandle, s.handle)
	dues := s.lanes
	*s = source{index: s.index, generation: s.generation + 1, lanes: dues}
	for i := range s.lanes {
		s.lanes[i].init(s, i)
	}
	q.unused = append(q.unused, s)
}

// notify tries the operations whose directions are ready.
func (q *adapter) notify(s *source, ready queue.Ready) {
	if ready&queue.ReadyUrgent != 0 {
		s.urgent = true
	}
	if ready&(queue.ReadyPeerShut|queue.ReadyHangUp|queue.ReadyError) != 0 {
		s.ends = true
	}
	directions := ready.Directions()
	idle := queue.None // directions that no operation waits for
	for number, d := range laneInterest {
		if directions&d == queue.None {
			continue
		}
		if l := &s.lanes[number]; l.head != none {
			q.try(l)
		} else if number != polling {
			idle |= d
		}
	}
	if s.below.Mode == queue.Level && idle != queue.None {
		q.forget(s, idle&^q.polled(&s.lanes[polling]))
	}
}

// laneInterest holds the directions that make a lane due.
var laneInterest = [lanes]queue.Interest{receiving: queue.Readable, sending: queue.Writable, polling: queue.Both}

// forget removes directions from a registration in mode Level that neither the caller nor an
// operation waits for: the queue below would report them in every Wait.
func (q *adapter) forget(s *source, idle queue.Interest) {
	r := s.below
	if r.Interest &^= idle &^ s.interest; r.Interest != s.below.Interest {
		// After an error, the queue below reports the direction again, and this is tried again.
		if err := q.below.Modify(s.handle, r); err == nil {
			s.below = r
		}
	}
}

// arm makes the queue below report the directions for which operations of s wait.
func (q *adapter) arm(s *source) error {
	r, changed := q.combined(s)
	switch {
	case !s.added:
		if err := q.below.Add(s.handle, r); err != nil {
			return err
		}
	case changed:
		if err := q.below.Modify(s.handle, r); err != nil {
			return err
		}
	case r.Mode == queue.Edge && !q.native:
		return q.below.WouldBlock(s.handle, q.awaited(s))
	default:
		return nil
	}
	s.added, s.below = true, r
	return nil
}

// awaited returns the directions for which operations of s wait.
func (q *adapter) awaited(s *source) queue.Interest {
	directions := queue.None
	if s.lanes[receiving].blocked {
		directions |= queue.Readable
	}
	if s.lanes[sending].blocked {
		directions |= queue.Writable
	}
	if l := &s.lanes[polling]; l.blocked {
		polled := q.polled(l)
		if polled == queue.None && (s.mode != queue.Level || s.interest == queue.None) {
			polled = queue.Readable // every direction reports errors and hang-ups, and none reports nothing
		}
		directions |= polled
	}
	return directions
}

// covers reports whether the registration below reports the directions.
func (s *source) covers(i queue.Interest) bool {
	return s.added && s.below.Mode != queue.OneShot && s.below.Interest != queue.None && s.below.Interest.Has(i)
}

// combined returns the registration below that serves the caller and the operations that wait, and
// whether it differs from the present one. Operations need edges, except where the caller needs
// levels. Directions stay in the interest when no operation waits for them any more: their edges
// cost less than a change.
func (q *adapter) combined(s *source) (r queue.Registration, changed bool) {
	awaited := q.awaited(s)
	r = queue.Registration{Token: s.tokenBelow(s.generation), Mode: queue.Edge, Interest: awaited, Exclusive: s.exclusive}
	if s.registered {
		r.Interest |= s.armed
		if s.mode == queue.Level && s.interest != queue.None {
			r.Mode = queue.Level
		}
	}
	if !s.added {
		return r, true
	}
	if r.Mode == s.below.Mode {
		r.Interest |= s.below.Interest
	}
	return r, r != s.below
}

// report returns the event of the caller's registration, if it has one for what is ready.
func (s *source) report(ready queue.Ready) (e queue.Event, ok bool) {
	if !s.registered {
		return e, false
	}
	directions := ready.Directions() & s.armed
	if s.mode == queue.Edge {
		s.missed |= directions & s.reported
		directions &^= s.reported
		s.reported |= directions
	}
	if directions == queue.None {
		return e, false
	}
	if !s.interest.Has(queue.Readable) {
		ready &^= queue.ReadyPeerShut | queue.ReadyUrgent
	}
	e = queue.Event{Token: s.token, Ready: ready&^queue.Ready(queue.Both) | queue.Ready(directions)}
	if s.mode == queue.OneShot {
		e.Disarmed = directions
		s.armed &^= directions
	}
	return e, true
}

// register stores the caller's registration.
func (s *source) register(r queue.Registration) {
	s.registered, s.mode, s.exclusive, s.token, s.interest, s.armed = true, r.Mode, r.Exclusive, r.Token, r.Interest, r.Interest
	s.reported, s.missed = queue.None, queue.None
}
