package iocp

import (
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/internal/flight"
	"github.com/edgewise-go/edgewise/queue/internal/lending"
	"github.com/edgewise-go/edgewise/sys"
)

// operation holds the state of an operation in flight. op keeps its memory reachable while
// the kernel has it: the kernel's own references do not count for the garbage collector.
type operation struct {
	op        queue.Op
	pool      *lending.Pool
	successor queue.OpID // the next operation of its chain
	accepted  sys.Handle // of OpAccept: the socket for the connection
	next      int32      // in the list of finished operations
	poll      int32      // of OpPoll: the slot of its poll
	place     int32      // of OpTimeout: in the heap of deadlines
	result    int32
	buffer    uint16
	phase     phase
	underWay  bool // the kernel has the Overlapped and the memory
	canceled  bool
	provided  bool
}

// phase is the phase of an operation.
//
//	waiting -> running:  it began (perform)
//	waiting, running -> finished: its result is known (finish)
//	finished -> running: Wait has returned a completion with More (take)
//	finished -> free:    Wait has returned the terminal completion (take)
type phase uint8

const (
	waiting phase = iota
	running
	finished
)

// operations holds the operations in flight and the memory of their Overlappeds.
type operations struct {
	table     flight.Table[operation]
	slabs     []*[sys.MaxOverlappeds]sys.Overlapped // operation i has Overlapped i%MaxOverlappeds of slab i/MaxOverlappeds
	bySlab    map[uintptr]int32                     // data of the first Overlapped of a slab -> index of the slab
	handles   map[sys.Handle]attachment
	first     int32 // the operation that finished first, of those that Wait has to return
	last      int32
	underWay  int // number of Overlappeds whose packet has not arrived
	deadlines []deadline
}

func newOperations(limit int) operations {
	return operations{
		table: flight.New[operation](limit), bySlab: map[uintptr]int32{}, handles: map[sys.Handle]attachment{}, first: none, last: none,
	}
}

// room ensures that n more operations fit.
func (o *operations) room(n int) error {
	if err := o.table.Room(n); err != nil {
		return err
	}
	for o.table.Len()+n > len(o.slabs)*sys.MaxOverlappeds {
		slab, err := sys.Overlappeds()
		if err != nil {
			return err
		}
		o.bySlab[slab[0].Data()] = int32(len(o.slabs))
		o.slabs = append(o.slabs, slab)
	}
	return nil
}

// of returns the Overlapped of an operation.
func (o *operations) of(id queue.OpID) *sys.Overlapped {
	i := flight.Index(id)
	return &o.slabs[i/sys.MaxOverlappeds][i%sys.MaxOverlappeds]
}

// find returns the operation whose Overlapped has this data, and nil for a packet of something
// else. The port also gets those of operations that other code starts on an attached handle, and
// perhaps that of a receive that has ended with WSAEMSGSIZE at once. If the slot has another
// operation by then, that one has ended or the packet is ignored.
func (o *operations) find(data uintptr) (queue.OpID, *flight.Op[operation]) {
	first, i, ok := sys.OverlappedIndex(data)
	slab, known := o.bySlab[first]
	if !ok || !known {
		return 0, nil
	}
	if i += int(slab) * sys.MaxOverlappeds; i >= o.table.Slots() {
		return 0, nil
	}
	id, op := o.table.At(i)
	if op == nil || !op.Extra.underWay || o.of(id).Pending() {
		return 0, nil
	}
	return id, op
}

// push adds an operation to the list of finished ones.
func (o *operations) push(id queue.OpID) {
	i := int32(flight.Index(id))
	o.table.Of(id).Extra.next = none
	if o.last == none {
		o.first = i
	} else {
		_, last := o.table.At(int(o.last))
		last.Extra.next = i
	}
	o.last = i
}

// pop removes the operation that finished first. The list is not empty.
func (o *operations) pop() (queue.OpID, *flight.Op[operation]) {
	id, op := o.table.At(int(o.first))
	if o.first = op.Extra.next; o.first == none {
		o.last = none
	}
	return id, op
}
