package transfer

import (
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

const none = int32(-1)

// Stream is a connected socket whose bytes Transfers moves. The mutex of its Transfers guards it.
type Stream struct {
	transfers *Transfers
	handle    sys.Handle
	token     queue.Token

	receive queue.OpID // zero if none is in flight
	send    queue.OpID
	room    queue.OpID // a poll for room to write
	arrival queue.OpID // a poll for bytes to read, instead of receive
	linger  queue.OpID

	first, last int32 // the buffers with unread bytes
	count       int32
	index       uint32

	sending []byte // owned by send
	quiet   bool   // nobody waits for the completion of send
	pending []byte // to be sent next
	readErr int32  // what Event.Result was
	sendErr int32

	small     uint8 // reads in sequence that would not need bulk
	bulk      bool  // much arrives at once: read it from the kernel directly
	ended     bool  // the peer sends no more
	wanted    bool  // a read found nothing, so a receive is to be in flight
	canceling bool  // the receive was canceled
	full      bool  // a write found no room
	broken    bool  // a call has returned that the connection is over
	shut      bool  // CloseWrite was called
	dirty     bool  // in Transfers.dirty
	closing   bool
	reset     bool // the handle closes with a reset, because bytes are unread
	stopping  bool // Stop was called
}

// mark makes the next Flush submit for s. The caller holds mu.
func (s *Stream) mark() {
	if !s.dirty {
		s.dirty = true
		s.transfers.dirty = append(s.transfers.dirty, s)
	}
}

// unquiet makes the queue report the completion of the send, for which somebody waits now. The
// caller holds mu, and calls wake.
func (s *Stream) unquiet() {
	if s.quiet {
		s.quiet = false
		s.mark()
	}
}

// wake makes the thread that waits call Flush. The caller does not hold mu.
func (t *Transfers) wake(dirty bool) {
	if dirty && t.options.Wake != nil {
		t.options.Wake()
	}
}
