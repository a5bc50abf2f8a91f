package bufstrategy

import (
	"errors"
	"math"
)

var _ Buffer = (*Mirrored)(nil)

// Mirrored is a Ring whose memory is mapped twice, the second time right behind the first: whatever
// lies around the end lies together in the address space. A Space and a Segments have one segment,
// and nothing is ever copied.
//
// The memory is not Go's: it comes from the system when it is first needed, and goes back by
// Release, or by Trim of an empty buffer. A Mirrored that holds memory and is dropped without
// Release keeps it for the life of the process. Mapping takes some ten microseconds, and each page
// that is touched for the first time a fault: it is for buffers that live long and are busy.
// Systems bound how many mappings a process has (Linux: vm.max_map_count, 65,530), and a Mirrored
// has two. Who reads what is kept after the memory has gone back, against the rules, faults, or
// reads what the system has put there since; with Poison the memory is kept back, for the next use,
// and reads as poison.
//
// Where the system does not map twice, or does not at the moment, a Mirrored is a Ring until it
// holds no memory again; Fallback says why.
type Mirrored struct {
	Ring
	mapped   bool
	why      error
	poisoned []byte // memory that was released, in the debug mode
}

// NewMirrored makes a Mirrored. It uses Limit, rounded up to a power of two and to the pages of the
// system, High, Low, Watcher, Budget and Poison of the options.
func NewMirrored(o Options) (*Mirrored, error) {
	if _, err := o.checked("mirrored"); err != nil {
		return nil, err
	}
	o.Limit = powerOfTwo(max(orDefault(o.Limit, DefaultLimit), mirrorGranularity()))
	o, err := o.checked("mirrored")
	if err != nil {
		return nil, err
	}
	m := &Mirrored{Ring: Ring{account: newAccount(o)}}
	m.watch(m, o.Watcher)
	return m, nil
}

// Fallback returns why the memory that m holds, or has held last, is not mapped twice; nil if it
// is.
func (m *Mirrored) Fallback() error { return m.why }

// Space offers all that is free, in one segment.
func (m *Mirrored) Space() [][]byte {
	if m.buf == nil {
		if !m.allocate(m.stats.Resident, m.limit) {
			return m.none()
		}
		m.buf, m.poisoned = m.poisoned, nil
		if m.buf == nil {
			m.buf, m.why = mapTwice(m.limit)
		}
		if m.mapped = m.why == nil; !m.mapped {
			m.buf = make([]byte, m.limit)
		}
	}
	if !m.mapped {
		return m.Ring.Space()
	}
	return m.free()
}

// mapTwice is mapMirrored for a size of which twice may be more than an int of 32 bits.
func mapTwice(size int) ([]byte, error) {
	if size > math.MaxInt/2 {
		return nil, errors.New("bufstrategy: memory to be mapped twice: more than the address space")
	}
	return mapMirrored(size)
}

// Trim gives the memory back when the buffer is empty.
func (m *Mirrored) Trim() {
	if m.n == 0 {
		m.Release()
		return
	}
	m.Ring.Trim()
}

// Release forgets the unread bytes and gives the memory back.
func (m *Mirrored) Release() {
	if !m.mapped {
		m.Ring.Release()
		return
	}
	m.offered = 0
	m.drop(m.n)
	if m.poison {
		m.poisoned = m.buf
	} else {
		unmapMirrored(m.buf)
	}
	m.freed(m.limit)
	m.buf, m.mapped, m.vec = nil, false, [2][]byte{}
	m.level(0)
}
