package iocp

import (
	"errors"
	"fmt"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/internal/table"
	"github.com/edgewise-go/edgewise/sys"
)

// socketsPerDevice is the number of sockets that share a handle of the driver. To cancel a poll,
// the driver searches all polls of that handle.
const socketsPerDevice = 32

// none marks the end of a list of slots.
const none = int32(-1)

// slot is a registration and its poll; there is at most one poll. It has no pointer, so the garbage
// collector does not scan a million of them.
//
// The packet of a poll carries the index of the slot. The slot is free for another registration
// only after the packet has arrived. A poll that was started for an earlier state of the
// registration makes no event: it starts again. The generation changes with the registration, and
// when the caller reports would-block.
type slot = table.Slot[extra]

// extra holds the fields of a slot besides the common ones.
type extra struct {
	handle     sys.Handle
	base       sys.Handle
	op         queue.OpID     // the OpPoll of which this is the poll; there is no registration then
	started    uint32         // the generation for which the poll under way was started
	next, prev int32          // in the list of slots whose poll is due
	interest   queue.Interest // the registered directions
	asked      queue.Interest // directions that the poll under way requests
	state      state
	broken     bool // the poll could not start; the queue posted its packet
}

// state is the state of the poll of a slot.
//
//	idle -> due:           a direction is armed, and no Wait is blocked (schedule)
//	idle, due -> polling:  the poll started (start)
//	polling -> canceling: it requests too little, or no direction is armed (cancel)
//	polling, canceling -> idle: its packet has arrived (complete)
type state uint8

const (
	idle state = iota
	due
	polling
	canceling
)

// polls holds the slots, the memory of their polls, and the handles of the driver through which the
// polls start.
type polls struct {
	slots    []slot
	slabs    []*[sys.MaxAFDPolls]sys.AFDPoll // slot i has poll i%MaxAFDPolls of slab i/MaxAFDPolls
	devices  []sys.Handle                    // slot i has device i/socketsPerDevice
	byHandle map[sys.Handle]int32            // has no pointer, like slots
	free     []int32
	first    int32 // first slot whose poll is due
	last     int32
	underWay int // number of polls whose packet has not arrived
}

func newPolls() polls {
	return polls{byHandle: map[sys.Handle]int32{}, first: none, last: none}
}

// grow adds the slots of one device.
func (p *polls) grow(port sys.Handle) error {
	if len(p.slots) == len(p.slabs)*sys.MaxAFDPolls {
		slab, err := sys.AFDPolls()
		if err != nil {
			return err
		}
		p.slabs = append(p.slabs, slab)
	}
	device, err := sys.AFDOpen(port, keyPoll)
	if err != nil {
		return err
	}
	p.devices = append(p.devices, device)
	for range socketsPerDevice {
		p.slots = append(p.slots, slot{})
	}
	// take uses the lowest number first.
	for i := len(p.slots) - 1; i >= len(p.slots)-socketsPerDevice; i-- {
		p.free = append(p.free, int32(i))
	}
	return nil
}

// take returns a free slot.
func (p *polls) take(port sys.Handle) (int32, error) {
	if len(p.free) == 0 {
		if err := p.grow(port); err != nil {
			return none, err
		}
	}
	i := p.free[len(p.free)-1]
	p.free = p.free[:len(p.free)-1]
	return i, nil
}

func (p *polls) giveBack(i int32) {
	p.slots[i] = slot{}
	p.free = append(p.free, i)
}

func (p *polls) poll(i int32) *sys.AFDPoll { return &p.slabs[i/sys.MaxAFDPolls][i%sys.MaxAFDPolls] }

func (p *polls) device(i int32) sys.Handle { return p.devices[i/socketsPerDevice] }

// push makes the poll of an idle slot due.
func (p *polls) push(i int32) {
	s := &p.slots[i]
	s.Extra.state, s.Extra.next, s.Extra.prev = due, none, p.last
	if p.last == none {
		p.first = i
	} else {
		p.slots[p.last].Extra.next = i
	}
	p.last = i
}

// remove undoes push.
func (p *polls) remove(i int32) {
	s := &p.slots[i]
	if s.Extra.prev == none {
		p.first = s.Extra.next
	} else {
		p.slots[s.Extra.prev].Extra.next = s.Extra.next
	}
	if s.Extra.next == none {
		p.last = s.Extra.prev
	} else {
		p.slots[s.Extra.next].Extra.prev = s.Extra.prev
	}
	s.Extra.state = idle
}

// cancelAll requests the end of every poll.
func (p *polls) cancelAll() error {
	var errs []error
	for i := range p.slots {
		if p.slots[i].Extra.state == polling {
			errs = append(errs, p.poll(int32(i)).Cancel(p.device(int32(i))))
		}
	}
	return errors.Join(errs...)
}

// release closes the devices. It frees the memory unless the kernel may still write to it.
func (p *polls) release() error {
	var errs []error
	for _, d := range p.devices {
		errs = append(errs, sys.CloseObject(d))
	}
	if p.underWay > 0 {
		errs = append(errs, fmt.Errorf("memory of %d unfinished polls not released", p.underWay))
	} else {
		for _, slab := range p.slabs {
			errs = append(errs, sys.AFDRelease(slab))
		}
	}
	*p = newPolls()
	return errors.Join(errs...)
}
