package iocp

import (
	"errors"
	"fmt"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// socketsPerDevice is how many sockets share a handle of the driver: it looks through all polls of
// a handle to cancel one.
const socketsPerDevice = 32

// none is the end of a list of slots.
const none = int32(-1)

// slot is a registration and its poll, of which there is one at most. It has no pointer: a million
// of them cost the collector nothing.
//
// The packet of a poll has the index of the slot, which is free for another registration only when
// the packet has come. A poll that was started for an earlier state of the registration than its
// present one makes no event: it starts again.
type slot struct {
	token      queue.Token
	handle     sys.Handle
	base       sys.Handle
	generation uint32         // changes when the registration does, and when the caller saw would-block
	started    uint32         // the generation that the poll under way was started for
	next, prev int32          // in the list of those whose poll is due
	interest   queue.Interest // what is registered
	armed      queue.Interest // what may be reported; in modes Edge and OneShot it shrinks
	asked      queue.Interest // what the poll under way asks for
	mode       queue.Mode
	state      state
	registered bool // not so from Delete until the packet has come
	broken     bool // the poll could not be started; its packet was posted by hand
}

// state is where the poll of a slot is.
//
//	idle -> due:           something is to be reported, and no Wait is blocked (schedule)
//	idle, due -> polling:  the poll was started (start)
//	polling -> canceling: it asks for too little, or nobody wants its answer (cancel)
//	polling, canceling -> idle: its packet has come (complete)
type state uint8

const (
	idle state = iota
	due
	polling
	canceling
)

// table holds the slots, the memory of their polls and the driver's handles that the polls are
// started through.
type table struct {
	slots    []slot
	slabs    []*[sys.MaxAFDPolls]sys.AFDPoll // slot i has poll i%MaxAFDPolls of slab i/MaxAFDPolls
	devices  []sys.Handle                    // slot i has device i/socketsPerDevice
	byHandle map[sys.Handle]int32            // without pointers, as slots
	free     []int32
	first    int32 // of the slots whose poll is due
	last     int32
	underWay int // polls whose packet is still to come
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
	// The lowest number is taken first.
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

// cancelAll asks for the end of every poll.
func (t *table) cancelAll() error {
	var errs []error
	for i := range t.slots {
		if t.slots[i].state == polling {
			errs = append(errs, t.poll(int32(i)).Cancel(t.device(int32(i))))
		}
	}
	return errors.Join(errs...)
}

// release closes the devices and gives the memory back, unless the kernel may still write to it.
func (t *table) release() error {
	var errs []error
	for _, d := range t.devices {
		errs = append(errs, sys.CloseObject(d))
	}
	if t.underWay > 0 {
		errs = append(errs, fmt.Errorf("memory of %d polls is not released", t.underWay))
	} else {
		for _, slab := range t.slabs {
			errs = append(errs, sys.AFDRelease(slab))
		}
	}
	*t = newTable()
	return errors.Join(errs...)
}
