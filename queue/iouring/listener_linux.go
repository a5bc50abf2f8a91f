package iouring

import (
	"syscall"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// A poll in the kernel holds its file. The kernel ends the polls of a killed process in a worker,
// a tick or more after the parent of the process sees the end. Until then a listener would keep its
// address. Therefore the ring polls an epoll instance that watches the listener: epoll does not
// hold the files that it watches (epoll(7)).
//
// A wake-up of the listener wakes the poll of the instance. The kernel then checks the listener
// again, so lasting polls and polls that report once work as they do on the listener itself.

// listenerBits is what the instances watch for. The ring polls the listener itself for another
// interest, because a poll of the instance does not show which bits are set.
const listenerBits = sys.EpollIn | sys.EpollRDHup

// watch makes polls of h, which listens, refer to an epoll instance. It reports false if the
// process cannot have one. Polls of h then hold it. The caller holds Mu.
func (q *instance) watch(h sys.Handle) bool {
	ep, ok := q.listeners[h]
	if !ok {
		var err error
		if ep, err = sys.EpollCreate(); err != nil {
			return false // no descriptor is free, or a sandbox forbids epoll
		}
	}
	// Add anew each time: the caller may have closed another listener with this number.
	if err := sys.EpollAdd(ep, h, listenerBits, 0); err != nil && err != syscall.EEXIST {
		if !ok {
			_ = sys.Close(ep)
		}
		return false
	}
	if !ok {
		if q.listeners == nil {
			q.listeners = make(map[sys.Handle]sys.Handle)
		}
		q.listeners[h] = ep
	}
	return true
}

// unwatch closes the epoll instance of h, if there is one. The caller holds Mu.
func (q *instance) unwatch(h sys.Handle) error {
	ep, ok := q.listeners[h]
	if !ok {
		return nil
	}
	delete(q.listeners, h)
	return sys.Close(ep)
}

// polledFor returns the handle to poll for the readiness of h, whose slot is s. The caller holds
// Mu.
func (q *instance) polledFor(h sys.Handle, s *slot) sys.Handle {
	if is(s, watched) && s.Armed.Has(queue.Readable) {
		return q.listeners[h]
	}
	return h
}
