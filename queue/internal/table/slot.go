package table

import (
	"math"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// Slot is the registration of the handle whose number is its index. It has no pointer, so the
// garbage collector does not scan a million of them.
//
// Extra and Flags belong to the mechanism. They outlive the registration: the slots that Fresh and
// Renewed return have those of their predecessor, and End leaves them alone. After Leave they are
// undefined.
type Slot[X any] struct {
	// Extra comes first because Go pads a struct whose last field has no size.
	Extra      X
	Token      queue.Token
	Generation uint32         // changes with the registration
	Armed      queue.Interest // directions that may be reported; reports in mode OneShot disarm them
	Mode       queue.Mode
	Flags      uint8 // bits of the mechanism
	state      uint8 // registered, used
}

// The bits of Slot.state.
const (
	registered uint8 = 1 << iota
	used             // counted in its page: from Put to Leave
)

// Registered reports whether the registration has not ended.
func (s *Slot[X]) Registered() bool { return s.state&registered != 0 }

// Renewed returns the slot of a registration r that replaces the one of s.
func (s *Slot[X]) Renewed(r queue.Registration) Slot[X] {
	next := *s
	next.Generation++
	next.register(r)
	return next
}

func (s *Slot[X]) register(r queue.Registration) {
	s.Token, s.Armed, s.Mode = r.Token, r.Interest, r.Mode
	s.state |= registered
}

// End ends the registration. Events of its generation are stale from then on.
func (s *Slot[X]) End() {
	s.Generation++
	s.Token, s.Armed, s.Mode = 0, queue.None, queue.Level
	s.state &^= registered
}

// Report returns the event that reports ready in the armed directions, and disarms them in mode
// OneShot. ok is false if ready has no armed direction.
func (s *Slot[X]) Report(ready queue.Ready) (e queue.Event, ok bool) {
	directions := ready.Directions() & s.Armed
	if directions == queue.None {
		return e, false
	}
	e = queue.Event{Token: s.Token, Ready: ready&^queue.Ready(queue.Both) | queue.Ready(directions)}
	if s.Mode == queue.OneShot {
		e.Disarmed = directions
		s.Armed &^= directions
	}
	return e, true
}

// Data returns a number for the kernel to hold with an event of h. It contains the lower 32 bits of
// h and the generation.
func Data(h sys.Handle, generation uint32) uint64 {
	return uint64(h)&math.MaxUint32 | uint64(generation)<<32
}

// HandleOf returns the handle in data.
func HandleOf(data uint64) sys.Handle { return sys.Handle(data & math.MaxUint32) }

// GenerationOf returns the generation in data.
func GenerationOf(data uint64) uint32 { return uint32(data >> 32) }
