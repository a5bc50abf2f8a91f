//go:build unix

package poll

import (
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/internal/polling"
	"github.com/edgewise-go/edgewise/queue/internal/table"
	"github.com/edgewise-go/edgewise/sys"
)

// set is the poll set with its registrations. Entry 0 is the waker.
type set struct {
	fds    []sys.PollFD
	stamps []uint32 // the generation of each entry of fds
	table  table.Table[extra]
}

// add registers h, whose slot is x.
func (s *set) add(h sys.Handle, x slot) {
	x.Extra.position = int32(len(s.fds))
	s.fds = append(s.fds, sys.PollFD{})
	s.stamps = append(s.stamps, 0)
	s.put(h, x)
}

// put makes x the slot of h, which has an entry.
func (s *set) put(h sys.Handle, x slot) {
	x.Extra.interest = x.Armed
	s.table.Put(h, x)
	s.stamps[x.Extra.position] = x.Generation
	s.arm(h, &x)
}

// remove moves the last entry into the place of h, whose slot is x.
func (s *set) remove(x *slot) {
	position, last := x.Extra.position, len(s.fds)-1
	s.fds[position], s.stamps[position] = s.fds[last], s.stamps[last]
	s.table.At(handleOf(s.fds[last])).Extra.position = position
	s.fds, s.stamps = s.fds[:last], s.stamps[:last]
	x.End()
}

// rearm arms dir again and reports whether that changed anything.
func (s *set) rearm(h sys.Handle, x *slot, dir queue.Interest) bool {
	armed := x.Armed | dir&x.Extra.interest
	if x.Mode != queue.Edge || armed == x.Armed {
		return false
	}
	x.Armed = armed
	s.arm(h, x)
	return true
}

// arm updates the entry of h to the armed directions.
func (s *set) arm(h sys.Handle, x *slot) {
	e := sys.PollFD{Fd: int32(h), Events: polling.Bits(x.Armed)}
	if x.Armed == queue.None {
		// The kernel also reports hang-ups and errors outside the interest, but skips negative
		// numbers.
		e.Fd = ^e.Fd
	}
	s.fds[x.Extra.position] = e
}

func handleOf(e sys.PollFD) sys.Handle {
	if e.Fd < 0 {
		return sys.Handle(^e.Fd)
	}
	return sys.Handle(e.Fd)
}
