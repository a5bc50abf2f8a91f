package transfer

import (
	"errors"
	"io"
	"net"
	"syscall"

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
	pending []byte // to be sent next
	readErr int32  // what Event.Result was
	sendErr int32

	small     uint8 // reads in sequence that would not need bulk
	bulk      bool  // much arrives at once: read it from the kernel directly
	ended     bool  // the peer sends no more
	wanted    bool  // a read found nothing, so a receive is to be in flight
	canceling bool  // the receive was canceled
	full      bool  // a write found no room
	shut      bool  // CloseWrite was called
	dirty     bool  // in Transfers.dirty
	starved   bool  // in Transfers.starved
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

// wake makes the thread that waits call Flush. The caller does not hold mu.
func (t *Transfers) wake(dirty bool) {
	if dirty && t.options.Wake != nil {
		t.options.Wake()
	}
}

// TryReadv copies bytes that have arrived into segments, and never waits.
//
// Errors: [io.EOF] at the end of the stream, [sys.ErrWouldBlock] if nothing has arrived, in which
// case an event follows when something has; the errno of the receive; [net.ErrClosed].
func (s *Stream) TryReadv(segments [][]byte) (int, error) {
	t := s.transfers
	t.mu.Lock()
	n, err := s.read(segments)
	dirty := s.dirty
	t.mu.Unlock()
	t.wake(dirty)
	return n, err
}

func (s *Stream) read(segments [][]byte) (n int, err error) {
	t := s.transfers
	if s.closing {
		return 0, net.ErrClosed
	}
	for _, p := range segments {
		for len(p) > 0 && s.first != none {
			h := &t.held[s.first]
			k := copy(p, t.buffers.Bytes(uint16(s.first))[h.from:h.to])
			p, n = p[k:], n+k
			if h.from += int32(k); h.from == h.to {
				s.shift()
			}
		}
	}
	switch {
	case n > 0:
		if s.wanted && !s.bulk && s.receive == 0 {
			s.mark() // there is room again
		}
		return n, nil
	case s.first != none:
		return 0, nil // no room in segments
	case s.readErr != 0:
		return 0, s.takeReadErr()
	case s.ended:
		return 0, io.EOF
	case s.receive == 0 && !s.starved:
		return s.direct(segments)
	}
	return 0, sys.ErrWouldBlock
}

// TryRead is TryReadv into one segment.
func (s *Stream) TryRead(p []byte) (int, error) {
	one := [1][]byte{p}
	return s.TryReadv(one[:])
}

// TryWrite is TryWritev of one segment.
func (s *Stream) TryWrite(p []byte) (int, error) {
	one := [1][]byte{p}
	return s.TryWritev(one[:])
}

// direct reads from the kernel. No receive is in flight that could take later bytes first.
func (s *Stream) direct(segments [][]byte) (int, error) {
	room := size(segments)
	n, err := sys.RecvSegments(s.handle, segments)
	switch {
	case s.stopping:
	case err == sys.ErrWouldBlock:
		s.wanted = true
		s.mark()
	case err != nil:
		s.ended = true
	case n < room:
		s.note(n)
		s.wanted = true
		s.mark() // what is left, or comes next, makes an event
	default:
		s.note(n)
	}
	if n == 0 && err == nil && room > 0 {
		s.ended, err = true, io.EOF
	}
	return n, err
}

// note ends bulk after some small reads.
func (s *Stream) note(n int) {
	if n >= s.transfers.options.BufferSize {
		s.small = 0
	} else if s.small++; s.small >= smallMax {
		s.small, s.bulk = 0, false
	}
}

// smallMax is the number of small reads in sequence after which a stream in bulk receives into
// buffers again.
const smallMax = 4

// takeReadErr returns the error of the receive once; the stream has ended after it.
func (s *Stream) takeReadErr() error {
	err := errorOf(s.readErr)
	s.readErr, s.ended = 0, true
	return err
}

func errorOf(result int32) error { return (&queue.Event{Result: result}).Err() }

// shift gives the first buffer back.
func (s *Stream) shift() {
	t := s.transfers
	id := s.first
	if s.first = t.held[id].next; s.first == none {
		s.last = none
	}
	s.count--
	t.giveBack(uint16(id))
}

// Drained reports whether a read has taken all that has arrived, and an event will report what
// comes next.
func (s *Stream) Drained() bool {
	s.transfers.mu.Lock()
	defer s.transfers.mu.Unlock()
	return s.wanted && s.first == none && !s.ended && s.readErr == 0 && !s.stopping &&
		(s.receive != 0 || s.arrival != 0 || s.starved || s.dirty)
}

// TryWritev writes from segments, and never waits. It may take only a part.
//
// Errors: [sys.ErrWouldBlock] if there is no room, in which case an event follows when there is;
// the errno of an earlier write; EPIPE after CloseWrite; [net.ErrClosed].
func (s *Stream) TryWritev(segments [][]byte) (int, error) {
	t := s.transfers
	t.mu.Lock()
	n, err := s.write(segments)
	dirty := s.dirty
	t.mu.Unlock()
	t.wake(dirty)
	return n, err
}

func (s *Stream) write(segments [][]byte) (int, error) {
	t := s.transfers
	switch {
	case s.closing || t.over:
		return 0, net.ErrClosed
	case s.sendErr != 0:
		err := errorOf(s.sendErr)
		s.sendErr = -int32(syscall.EPIPE)
		return 0, err
	case s.shut:
		return 0, syscall.EPIPE
	}
	total := size(segments)
	if total == 0 {
		return 0, nil
	}
	idle := len(s.sending) == 0 && len(s.pending) == 0
	if idle && (total > chunkSize || s.stopping) {
		return s.writeThrough(segments)
	}
	if s.pending == nil {
		s.pending = t.chunk()
	}
	n := 0
	for _, p := range segments {
		k := min(len(p), cap(s.pending)-len(s.pending))
		s.pending = append(s.pending, p[:k]...)
		n += k
		if k < len(p) {
			break
		}
	}
	if n == 0 {
		s.full = true
		return 0, sys.ErrWouldBlock
	}
	if len(s.sending) == 0 {
		s.mark()
	}
	return n, nil
}

// writeThrough writes to the kernel at once.
func (s *Stream) writeThrough(segments [][]byte) (int, error) {
	n, err := sys.SendSegments(s.handle, segments)
	if err == sys.ErrWouldBlock {
		s.full = true
		s.mark()
	}
	return n, err
}

// CloseWrite ends the stream to the peer after the copied bytes.
func (s *Stream) CloseWrite() error {
	t := s.transfers
	t.mu.Lock()
	defer t.mu.Unlock()
	if s.closing {
		return net.ErrClosed
	}
	s.shut = true
	if len(s.sending)+len(s.pending) > 0 {
		return nil
	}
	return sys.Shutdown(s.handle, sys.ShutWriting)
}

// Sync hands the copied bytes to the kernel, so that the caller may write by other means. Done
// reports whether it took all. If not, an event follows when it takes more, or the next write
// returns the error.
func (s *Stream) Sync() (done bool) {
	t := s.transfers
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case s.closing || s.sendErr != 0:
		return true // the caller's own write fails
	case len(s.sending) > 0:
		s.full = true
		return false
	}
	for len(s.pending) > 0 {
		n, err := sys.Send(s.handle, s.pending)
		if err != nil {
			s.full = true
			s.mark() // the operation returns the error, or waits
			return false
		}
		s.pending = s.pending[:copy(s.pending, s.pending[n:])]
	}
	t.keepAll(s)
	return true
}

// WantRoom makes an event follow when the socket has room. The caller has written by other means,
// and the kernel took nothing.
func (s *Stream) WantRoom() {
	t := s.transfers
	t.mu.Lock()
	s.full = true
	s.mark()
	t.mu.Unlock()
	t.wake(true)
}

// Release ends a stream that Stop has ended, without closing the handle, which is the caller's
// again. It reports false, and does nothing, if an operation or unread bytes are left.
func (s *Stream) Release() bool {
	t := s.transfers
	t.mu.Lock()
	defer t.mu.Unlock()
	if s.closing || !s.idle() || s.first != none || s.ended || s.readErr != 0 {
		return false
	}
	t.drop(s)
	s.closing = true
	return true
}

// Stop ends the transfer by operations. Done reports whether it has ended; if not, an event follows
// when it has. Bytes that have arrived stay readable by TryReadv. After the end, reads and writes
// go to the kernel, and the caller registers the handle with the queue.
func (s *Stream) Stop() (done bool) {
	t := s.transfers
	t.mu.Lock()
	s.stopping = true
	s.mark()
	done = s.idle()
	t.mu.Unlock()
	t.wake(!done)
	return done
}

// Stopping reports whether Stop was called.
func (s *Stream) Stopping() bool {
	s.transfers.mu.Lock()
	defer s.transfers.mu.Unlock()
	return s.stopping
}

func (s *Stream) idle() bool {
	return s.receive == 0 && s.arrival == 0 && s.send == 0 && s.room == 0 && len(s.sending)+len(s.pending) == 0
}

// Close ends the stream and owns the handle from now on.
func (s *Stream) Close() {
	t := s.transfers
	t.mu.Lock()
	if s.closing {
		t.mu.Unlock()
		return
	}
	s.closing = true
	t.closing++
	for s.first != none {
		s.reset = true
		s.shift()
	}
	s.mark()
	s.finish()
	dirty := s.dirty
	t.mu.Unlock()
	t.wake(dirty)
}

// finish closes the handle if no operation uses it. The caller holds mu.
func (s *Stream) finish() {
	t := s.transfers
	if s.sendErr != 0 {
		t.keepAll(s)
	}
	if !s.idle() {
		return
	}
	if s.linger != 0 {
		t.cancel(s.linger) // its completion finds no stream
	}
	if s.reset {
		_ = sys.SetLinger(s.handle, 0) // the peer learns that its bytes were not read
	}
	_ = sys.Close(s.handle)
	t.drop(s)
}

// keepAll drops the bytes that can no longer be sent.
func (t *Transfers) keepAll(s *Stream) {
	if s.pending != nil {
		t.keep(s.pending)
		s.pending = nil
	}
}

// cancel requests the end of an operation. Its completion follows in any case.
func (t *Transfers) cancel(id queue.OpID) {
	if err := t.queue.Cancel(id); err != nil && !errors.Is(err, queue.ErrNotFound) {
		return // the queue is closed, and has ended the operation
	}
}

// submit submits what s needs. The caller holds mu.
func (s *Stream) submit() {
	t := s.transfers
	if s.slotGone() {
		return
	}
	if len(s.sending) == 0 && len(s.pending) > 0 && s.sendErr == 0 {
		s.sending, s.pending = s.pending, nil
		if s.send = s.start(queue.Op{Kind: queue.OpSend, Data: s.sending}, &s.sendErr); s.send == 0 {
			t.keep(s.sending)
			s.sending = nil
		}
	}
	stopped := s.closing || s.stopping
	switch {
	case stopped && s.receive != 0 && !s.canceling:
		s.canceling = true
		t.cancel(s.receive)
	case stopped && s.arrival != 0:
		t.cancel(s.arrival)
	case stopped || !s.wanted || s.receive != 0 || s.arrival != 0 || s.ended || s.readErr != 0 || s.starved || s.first != none:
	case s.bulk:
		s.arrival = s.start(queue.Op{Kind: queue.OpPoll, Interest: queue.Readable, Token: arrivalMark}, &s.readErr)
	default:
		s.receive = s.start(queue.Op{Kind: queue.OpRecv, Buffers: t.buffers, Multi: true}, &s.readErr)
	}
	switch {
	case stopped && s.room != 0:
		t.cancel(s.room)
	case !stopped && s.full && s.room == 0 && len(s.sending) == 0:
		s.room = s.start(queue.Op{Kind: queue.OpPoll, Interest: queue.Writable}, &s.sendErr)
	}
	if s.closing {
		if len(s.sending) > 0 && s.linger == 0 {
			var ignored int32
			s.linger = s.start(queue.Op{Kind: queue.OpTimeout, After: t.options.Linger}, &ignored)
		}
		s.finish()
	}
}

func (s *Stream) slotGone() bool { return s.transfers.slots[s.index].stream != s }

// start submits an operation of s. If the queue refuses, it stores why in failure.
func (s *Stream) start(op queue.Op, failure *int32) queue.OpID {
	t := s.transfers
	op.Handle = s.handle
	op.Token |= t.tokenOf(s)
	t.op = op
	id, err := t.queue.Submit(&t.op)
	if err == nil {
		return id
	}
	*failure = -int32(syscall.ENOBUFS)
	var errno syscall.Errno
	switch {
	case errors.As(err, &errno):
		*failure = -int32(errno)
	case errors.Is(err, queue.ErrClosed):
		*failure = queue.ResultCanceled
	}
	return 0
}

// complete takes a completion of s and returns what became ready. The caller holds mu.
func (s *Stream) complete(e *queue.Event) queue.Ready {
	switch e.Kind {
	case queue.OpRecv:
		return s.received(e)
	case queue.OpSend:
		return s.sent(e)
	case queue.OpPoll:
		if e.Token&arrivalMark != 0 {
			s.arrival = 0
			if e.Result == queue.ResultCanceled && !s.stopping {
				return 0
			}
			return queue.Ready(queue.Readable)
		}
		s.room = 0
		if s.full && e.Result != queue.ResultCanceled {
			s.full = false
			return queue.Ready(queue.Writable)
		}
	case queue.OpTimeout:
		s.linger = 0
		if len(s.sending) > 0 && e.Result == 0 {
			s.reset = true
			s.transfers.cancel(s.send)
		}
	}
	return 0
}

func (s *Stream) received(e *queue.Event) queue.Ready {
	t := s.transfers
	ready := queue.Ready(0)
	if e.Terminal() {
		s.receive, s.canceling = 0, false
	}
	switch {
	case e.Result > 0:
		id := int32(e.Buffer)
		if s.closing {
			s.reset = true
			t.giveBack(e.Buffer)
			break
		}
		t.held[id] = held{to: e.Result, next: none}
		if s.last == none {
			s.first = id
		} else {
			t.held[s.last].next = id
		}
		s.last = id
		s.count++
		if s.count >= int32(t.options.MaxHeld) {
			if s.bulk = true; s.receive != 0 && !s.canceling {
				s.canceling = true
				t.cancel(s.receive)
			}
		}
		ready = queue.Ready(queue.Readable)
	case e.Result == 0:
		s.ended = true
		ready = queue.Ready(queue.Readable) | queue.ReadyPeerShut
	case e.Result == queue.ResultNoBuffers:
		if !s.closing && !s.stopping {
			s.starved = true
			t.starved = append(t.starved, s)
		}
	case e.Result == queue.ResultCanceled:
		if s.stopping {
			ready = queue.Ready(queue.Both)
		} else {
			ready = queue.Ready(queue.Readable) // it was canceled at MaxHeld, and the reader may have read all
		}
	default:
		s.readErr = e.Result
		ready = queue.Ready(queue.Both) | queue.ReadyError
	}
	if e.Result <= 0 && e.Completion&queue.Provided != 0 {
		t.giveBack(e.Buffer)
	}
	return ready
}

func (s *Stream) sent(e *queue.Event) queue.Ready {
	t := s.transfers
	short := int(e.Result) < len(s.sending)
	t.keep(s.sending)
	s.send, s.sending = 0, nil
	if short {
		if s.sendErr = e.Result; e.Result >= 0 {
			s.sendErr = -int32(syscall.ECONNRESET)
		}
		t.keepAll(s)
		s.full = false
		return queue.Ready(queue.Both) | queue.ReadyError
	}
	if len(s.pending) > 0 {
		s.mark()
	} else if s.shut && !s.closing {
		_ = sys.Shutdown(s.handle, sys.ShutWriting) // an error means that the connection is over
	}
	ready := queue.Ready(0)
	if s.full || s.stopping {
		s.full = false
		ready = queue.Ready(queue.Writable)
	}
	return ready
}

func size(segments [][]byte) int {
	n := 0
	for _, p := range segments {
		n += len(p)
	}
	return n
}
