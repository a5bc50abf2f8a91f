package bufstrategy

import "github.com/edgewise-go/edgewise/bufstrategy/internal/mirror"

var _ Buffer = (*Mirrored)(nil)

// Mirrored is a Ring whose memory is mapped twice, the second mapping directly after the first.
// Bytes that wrap around the end are contiguous in the address space. A Space or a Segments has one
// segment, and no byte is ever copied.
//
// The memory comes from the system, not from Go's heap, when it is first needed. Release gives it
// back, and so does Trim of an empty buffer. A Mirrored that holds memory and is dropped without
// Release leaks it for the life of the process.
//
// Mapping takes about ten microseconds, and the first touch of each page takes a fault. Mirrored is
// meant for busy, long-lived buffers. Systems bound the number of mappings per process (Linux:
// vm.max_map_count, 65,530), and a Mirrored has two.
//
// Code that breaks the rules may keep a segment or view after the memory has gone back. Reading it
// then faults, or returns whatever the system has mapped there since. With Poison, Mirrored keeps
// the memory for its next use, and such code reads poison.
//
// If the system cannot map memory twice, or fails to at the moment, a Mirrored is a Ring until it
// next holds no memory. Fallback returns the reason.
type Mirrored struct {
	Ring
	mapped   bool
	why      error
	poisoned []byte // released memory, in the debug mode
}

// NewMirrored returns a Mirrored. It uses Limit, rounded up to a power of two and to the page size,
// High, Low, Watcher, Budget and Poison of the options.
func NewMirrored(o Options) (*Mirrored, error) {
	if _, err := o.checked("mirrored"); err != nil {
		return nil, err
	}
	o.Limit = powerOfTwo(max(orDefault(o.Limit, defaultLimit), mirror.Granularity()))
	o, err := o.checked("mirrored")
	if err != nil {
		return nil, err
	}
	m := &Mirrored{Ring: Ring{account: newAccount(o)}}
	m.watch(m, o.Watcher)
	return m, nil
}

// Fallback returns the reason why the memory that m holds, or last held, is not mapped twice. It
// returns nil if that memory is mapped twice.
func (m *Mirrored) Fallback() error { return m.why }

// Space offers all free bytes, in one segment.
func (m *Mirrored) Space() [][]byte {
	if m.buf == nil {
		if !m.allocate(m.stats.Resident, m.limit) {
			return m.none()
		}
		m.buf, m.poisoned = m.poisoned, nil
		if m.buf == nil {
			m.buf, m.why = mirror.Map(m.limit)
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

// Trim gives the memory back if the buffer is empty.
func (m *Mirrored) Trim() {
	if m.n == 0 {
		m.Release()
		return
	}
	m.Ring.Trim()
}

// Release drops the unread bytes and gives the memory back.
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
		mirror.Unmap(m.buf)
	}
	m.freed(m.limit)
	m.buf, m.mapped, m.vec = nil, false, [2][]byte{}
	m.level(0)
}
