package iocp

import (
	"errors"
	"fmt"

	"github.com/edgewise-go/edgewise/queue"
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
// registration makes no event: it starts again.
type slot struct {
	token      queue.Token
	handle     sys.Handle
	base       sys.Handle
	generation uint32         // changes with the registration, and when the caller reports would-block
	started    uint32         // the generation for which the poll under way was started
	next, prev int32          // in the list of slots whose poll is due
	interest   queue.Interest // the registered directions
	armed      queue.Interest // directions that may be reported; reports in modes Edge and OneShot disarm them
	asked      queue.Interest // directions that the poll under way requests
	mode       queue.Mode
	state      state
	registered bool // false from Delete until the packet has arrived
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

// table holds the slots, the memory of their polls, and the handles of the driver through which the
// polls start.
type table struct {
	slots    []slot
	slabs    []*[sys.MaxAFDPolls]sys.AFDPoll // slot i has poll i%MaxAFDPolls of slab i/MaxAFDPolls
	devices  []sys.Handle                    // slot i has device i/socketsPerDevice
	byHandle map[sys.Handle]int32            // has no pointer, like slots
	free     []int32
	first    int32 // first slot whose poll is due
	last     int32
	underWay int // number of polls whose packet has not arrived
}

func newTable() table {
	return table{byHandle: map[sys.Handle]int32{}, first: none, last: none}
}

// grow adds the slots of one device.
func (t *table) grow(port sys.Handle) error {
	if len(t.slots) == len(t.slabs)*sys.MaxAFDPolls {
		slab, err := sys.AFDPolls()
		if err != nil {
			return err
		}
		t.slabs = append(t.slabs, slab)
	}
	device, err := sys.AFDOpen(port, keyPoll)
	if err != nil {
		return err
	}
	t.devices = append(t.devices, device)
	for range socketsPerDevice {
		t.slots = append(t.slots, slot{})
	}
	// take uses the lowest number first.
	for i := len(t.slots) - 1; i >= len(t.slots)-socketsPerDevice; i-- {
		t.free = append(t.free, int32(i))
	}
	return nil
}

// take returns a free slot.
func (t *table) take(port sys.Handle) (int32, error) {
	if len(t.free) == 0 {
		if err := t.grow(port); err != nil {
			return none, err
		}
	}
	i := t.free[len(t.free)-1]
	t.free = t.free[:len(t.free)-1]
	return i, nil
}

func (t *table) giveBack(i int32) {
	t.slots[i] = slot{}
	t.free = append(t.free, i)
}

func (t *table) poll(i int32) *sys.AFDPoll { return &t.slabs[i/sys.MaxAFDPolls][i%sys.MaxAFDPolls] }

func (t *table) device(i int32) sys.Handle { return t.devices[i/socketsPerDevice] }

// push makes the poll of an idle slot due.
func (t *table) push(i int32) {
	s := &t.slots[i]
	s.state, s.next, s.prev = due, none, t.last
	if t.last == none {
		t.first = i
	} else {
		t.slots[t.last].next = i
	}
	t.last = i
}

// remove undoes push.
func (t *table) remove(i int32) {
	s := &t.slots[i]
	if s.prev == none {
		t.first = s.next
	} else {
		t.slots[s.prev].next = s.next
	}
	if s.next == none {
		t.last = s.prev
	} else {
		t.slots[s.next].prev = s.prev
	}
	s.state = idle
}

// cancelAll requests the end of every poll.
func (t *table) cancelAll() error {
	var errs []error
	for i := range t.slots {
		if t.slots[i].state == polling {
			errs = append(errs, t.poll(int32(i)).Cancel(t.device(int32(i))))
		}
	}
	return errors.Join(errs...)
}

// release closes the devices. It frees the memory unless the kernel may still write to it.
func (t *table) release() error {
	var errs []error
	for _, d := range t.devices {
		errs = append(errs, sys.CloseObject(d))
	}
	if t.underWay > 0 {
		errs = append(errs, fmt.Errorf("memory of %d unfinished polls not released", t.underWay))
	} else {
		for _, slab := range t.slabs {
			errs = append(errs, sys.AFDRelease(slab))
		}
	}
	*t = newTable()
	return errors.Join(errs...)
}
