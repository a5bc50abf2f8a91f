package epoll

import (
	"unsafe"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/internal/table"
	"github.com/edgewise-go/edgewise/sys"
)

// rawEvents returns the memory of events for the kernel to write to; the kernel's events are no
// larger. So each of any number of waiters has an array of the size that it asks for, without an
// allocation.
func rawEvents(events []queue.Event) []sys.EpollEvent {
	return unsafe.Slice((*sys.EpollEvent)(unsafe.Pointer(unsafe.SliceData(events))), len(events))
}

// This does not compile if an Event is smaller than an EpollEvent, or less aligned.
const (
	_ = unsafe.Sizeof(queue.Event{}) - unsafe.Sizeof(sys.EpollEvent{})
	_ = unsafe.Alignof(queue.Event{}) - unsafe.Alignof(sys.EpollEvent{})
)

// deliver turns raw into events, which share their memory. It reports whether raw contained a Wake.
func (q *instance) deliver(events []queue.Event, raw []sys.EpollEvent) (n int, woken bool, err error) {
	q.Mu.Lock()
	if q.Gate.Closed() {
		q.Mu.Unlock()
		return 0, false, q.Closed("wait")
	}
	// From the last to the first: each event is written at or after the raw event just read. It
	// therefore lies after all raw events that are still unread.
	first := len(raw)
	for i := len(raw) - 1; i >= 0; i-- {
		data, bits := sys.EpollData(&raw[i]), raw[i].Events
		if data == wakeData {
			woken = true
			err = q.takeWake()
			continue
		}
		s := q.table.Current(table.HandleOf(data), data>>32)
		if s == nil {
			continue // stale
		}
		e, ok := s.Report(readyOf(bits))
		if !ok {
			continue
		}
		if e.Disarmed != queue.None {
			q.rearm(s, data)
		}
		first--
		events[first] = e
	}
	q.Mu.Unlock()
	if first > 0 {
		copy(events, events[first:len(raw)])
	}
	n = len(raw) - first
	return n, woken, q.Deferred(n, err)
}

// readyOf converts epoll events to Ready. Hang-up and error set both directions, because their
// operations do not block but end or fail.
func readyOf(bits uint32) queue.Ready {
	// Fast path: most events are one of these. EPOLLIN is 1 and EPOLLOUT 4.
	if bits&^(sys.EpollIn|sys.EpollOut) == 0 {
		return queue.Ready(bits&sys.EpollIn | bits&sys.EpollOut>>1)
	}
	return readyAtEnd(bits)
}

func readyAtEnd(bits uint32) queue.Ready {
	ready := queue.Ready(bits&sys.EpollIn | bits&sys.EpollOut>>1)
	if bits&sys.EpollPri != 0 {
		ready |= queue.ReadyUrgent
	}
	if bits&sys.EpollRDHup != 0 {
		ready |= queue.Ready(queue.Readable) | queue.ReadyPeerShut
	}
	if bits&sys.EpollHup != 0 {
		ready |= queue.Ready(queue.Both) | queue.ReadyHangUp
	}
	if bits&sys.EpollErr != 0 {
		ready |= queue.Ready(queue.Both) | queue.ReadyError
	}
	return ready
}
