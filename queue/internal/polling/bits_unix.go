//go:build unix

// Package polling converts between the directions of a queue and the bits of poll(2), which
// io_uring(7) also uses.
package polling

import (
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// Bits returns the poll(2) events to request for i.
func Bits(i queue.Interest) int16 {
	var b int16
	if i.Has(queue.Readable) {
		b |= sys.PollIn | sys.PollRDHup
	}
	if i.Has(queue.Writable) {
		b |= sys.PollOut
	}
	return b
}

// ReadyOf returns the readiness that bits report. Hang-up and error set both directions, because
// their operations do not block but end or fail.
func ReadyOf(bits int16) queue.Ready {
	var ready queue.Ready
	if bits&sys.PollIn != 0 {
		ready |= queue.Ready(queue.Readable)
	}
	if bits&sys.PollRDHup != 0 {
		ready |= queue.Ready(queue.Readable) | queue.ReadyPeerShut
	}
	if bits&sys.PollOut != 0 {
		ready |= queue.Ready(queue.Writable)
	}
	if bits&sys.PollHup != 0 {
		ready |= queue.Ready(queue.Both) | queue.ReadyHangUp
	}
	if bits&(sys.PollErr|sys.PollInvalid) != 0 {
		ready |= queue.Ready(queue.Both) | queue.ReadyError
	}
	return ready
}
