// Package flight keeps the operations of a queue that are in flight, and checks those that are
// submitted.
package flight

import (
	"fmt"
	"math"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// Max bounds the operations in flight of one queue, unless its options say otherwise.
const Max = 1 << 20

// Op is an operation in flight. X is what the mechanism keeps of it.
//
// There are many of them on idle connections. A mechanism whose X has 6 bytes and no pointers gets
// an Op of 24 bytes that the garbage collector does not scan.
type Op[X any] struct {
	Token      queue.Token
	generation uint32
	Link       int32 // for the mechanism, zero at first; of a free slot: the next free one
	Extra      X
	Kind       queue.OpKind // OpNone if the slot is free
	Multi      bool
}

// Table holds the operations of one queue, in a slab that is indexed by the lower half of an OpID.
// The slab has pages, which do not move. Use New. The caller holds the lock of the queue in every
// call.
type Table[X any] struct {
	pages []*[opsPerPage]Op[X]
	slots int // number of slots that were ever used
	free  int32
	count int
	max   int
}

const opsPerPage = 64

const none = int32(-1)

// New returns an empty table for up to limit operations, or for Max if limit is 0.
func New[X any](limit int) Table[X] {
	if limit == 0 {
		limit = Max
	}
	return Table[X]{free: none, max: limit}
}

// Len returns the number of operations in flight.
func (t *Table[X]) Len() int { return t.count }

// Room returns [queue.ErrFull] unless n more operations fit.
func (t *Table[X]) Room(n int) error {
	if t.count+n > t.max {
		return fmt.Errorf("%d operations in flight, want room for %d of at most %d: %w", t.count, n, t.max, queue.ErrFull)
	}
	return nil
}

// Put adds an operation. The caller has called Room. The result is valid until Drop.
func (t *Table[X]) Put(op *queue.Op) (queue.OpID, *Op[X]) {
	i := t.free
	if i == none {
		i = t.grow()
	}
	s := t.slot(uint32(i))
	t.free = s.Link
	t.count++
	s.Token, s.Link, s.Kind, s.Multi = op.Token, 0, op.Kind, op.Multi
	return ID(uint32(i), s.generation), s
}

// grow returns a slot that was never used.
func (t *Table[X]) grow() int32 {
	if t.slots == len(t.pages)*opsPerPage {
		t.pages = append(t.pages, new([opsPerPage]Op[X]))
	}
	i := t.slots
	t.slots++
	s := t.slot(uint32(i))
	// Generations begin at 1, so that no id is zero.
	s.generation, s.Link = 1, none
	return int32(i)
}

func (t *Table[X]) slot(i uint32) *Op[X] { return &t.pages[i/opsPerPage][i%opsPerPage] }

// Of returns the operation with this id, or nil if it is not in flight. The result is valid until
// Drop.
func (t *Table[X]) Of(id queue.OpID) *Op[X] {
	i := Index(id)
	if uint64(i) >= uint64(t.slots) {
		return nil
	}
	s := t.slot(i)
	if s.Kind == queue.OpNone || s.generation != Generation(id) {
		return nil
	}
	return s
}

// At returns the id and the operation of slot i, which is below Slots. The operation is nil if the
// slot is free.
func (t *Table[X]) At(i int) (queue.OpID, *Op[X]) {
	s := t.slot(uint32(i))
	if s.Kind == queue.OpNone {
		return 0, nil
	}
	return ID(uint32(i), s.generation), s
}

// Slots returns the number of slots.
func (t *Table[X]) Slots() int { return t.slots }

// Drop removes an operation that is in flight, and clears its Extra.
func (t *Table[X]) Drop(id queue.OpID) {
	i := Index(id)
	s := t.slot(i)
	var empty X
	s.Extra, s.Kind, s.Link = empty, queue.OpNone, t.free
	if s.generation++; s.generation == 0 {
		s.generation = 1
	}
	t.free = int32(i)
	t.count--
}

// ID returns the id of an operation.
func ID(index, generation uint32) queue.OpID {
	return queue.OpID(uint64(generation)<<32 | uint64(index))
}

// Index returns the slot of an operation.
func Index(id queue.OpID) uint32 { return uint32(id & math.MaxUint32) }

// Generation returns the generation of an operation.
func Generation(id queue.OpID) uint32 { return uint32(id >> 32) }

// Check returns [queue.ErrInvalid] with the reason if op describes no operation.
func Check(op *queue.Op) error {
	invalid := func(reason string) error { return fmt.Errorf("%v: %s: %w", op.Kind, reason, queue.ErrInvalid) }
	switch op.Kind {
	case queue.OpRecv:
		if op.Buffers != nil && (op.Data != nil || op.Vector != nil) {
			return invalid("both Buffers and memory of the caller")
		}
		if op.Buffers == nil && Size(op) == 0 {
			return invalid("no room: want Data, Vector or Buffers")
		}
	case queue.OpSend:
		if Size(op) == 0 {
			return invalid("nothing to send: want Data or Vector")
		}
	case queue.OpRecvMessage, queue.OpSendMessage, queue.OpConnect:
		if op.Message == nil {
			return invalid("no Message")
		}
	case queue.OpPoll:
		if op.Interest > queue.Both {
			return invalid("unknown interest")
		}
	case queue.OpAccept, queue.OpClose:
	case queue.OpTimeout:
		if op.After < 0 {
			return invalid(fmt.Sprintf("negative duration %v", op.After))
		}
	default:
		return invalid("unknown kind")
	}
	switch {
	case op.Buffers != nil && op.Kind != queue.OpRecv:
		return invalid("Buffers")
	case op.Multi && !(op.Kind == queue.OpAccept || op.Kind == queue.OpPoll || op.Kind == queue.OpRecv && op.Buffers != nil):
		return invalid("cannot be Multi")
	case op.ZeroCopy && op.Kind != queue.OpSend:
		return invalid("cannot be ZeroCopy")
	case op.Quiet && op.Kind != queue.OpSend:
		return invalid("cannot be Quiet")
	case len(op.Vector) > sys.MaxSegments:
		return invalid(fmt.Sprintf("%d segments, want at most %d", len(op.Vector), sys.MaxSegments))
	}
	return nil
}

// CheckChain returns the error of Check for a chain, or [queue.ErrInvalid] if ids has another
// length or an operation is Multi.
func CheckChain(ops []queue.Op, ids []queue.OpID) error {
	if len(ops) == 0 || len(ops) != len(ids) {
		return fmt.Errorf("chain of %d operations with room for %d ids: %w", len(ops), len(ids), queue.ErrInvalid)
	}
	for i := range ops {
		if ops[i].Multi {
			return fmt.Errorf("chain: operation %d is Multi: %w", i, queue.ErrInvalid)
		}
		if err := Check(&ops[i]); err != nil {
			return fmt.Errorf("chain: operation %d: %w", i, err)
		}
	}
	return nil
}

// Size returns the number of bytes of the memory of op.
func Size(op *queue.Op) int {
	if op.Vector == nil {
		return len(op.Data)
	}
	n := 0
	for _, s := range op.Vector {
		n += len(s)
	}
	return n
}
