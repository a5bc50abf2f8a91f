package transfer

import (
	"fmt"
	"sync"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// Defaults of Options.
const (
	DefaultBuffers    = 1024
	DefaultBufferSize = 4 << 10
	DefaultMaxHeld    = 16
	DefaultLinger     = time.Minute
)

// chunkSize is the room for the copied writes of a stream. A write that is larger goes to the
// kernel directly. At 4 KiB the copy costs about as much as the system call that it saves.
const chunkSize = 4 << 10

// chunksKept bounds the unused chunks that are kept for later writes.
const chunksKept = 256

// Options configure Transfers. The zero value is ready to use.
type Options struct {
	// Buffers is the number of receive buffers that all streams share, and BufferSize the number of
	// bytes in each. A stream that finds none is read by system calls for a while.
	Buffers    int
	BufferSize int
	// MaxHeld is the number of buffers with unread bytes at which a stream stops receiving. What
	// arrives until the kernel has ended the receive comes on top.
	MaxHeld int
	// Linger bounds how long a closed stream waits for the peer to take the copied bytes.
	Linger time.Duration
	// Wake is called when a caller has made work for Flush while the queue may be waiting. nil
	// means that only the thread that calls Flush uses the streams.
	Wake func()
}

func (o Options) withDefaults() Options {
	if o.Buffers == 0 {
		o.Buffers = DefaultBuffers
	}
	if o.BufferSize == 0 {
		o.BufferSize = DefaultBufferSize
	}
	if o.MaxHeld == 0 {
		o.MaxHeld = DefaultMaxHeld
	}
	if o.Linger == 0 {
		o.Linger = DefaultLinger
	}
	return o
}

// Mark is set in the tokens of the operations of this package. The caller must not use it in its
// own tokens on the same queue.
const Mark = queue.Token(1) << 63

// arrivalMark is set in the token of a poll for bytes to read.
const arrivalMark = queue.Token(1) << 62

// Transfers moves the bytes of streams on one queue. Any goroutine may use it and its streams.
type Transfers struct {
	queue   queue.Completer
	buffers queue.Buffers
	options Options

	mu      sync.Mutex
	held    []held // by buffer
	slots   []slot
	free    []uint32
	dirty   []*Stream // with bytes to send, or a receive to begin
	spare   []*Stream // the other slice of Flush
	chunks  [][]byte
	op      queue.Op // the last that was submitted; a variable of its own would be allocated per operation
	closing int      // streams that are closed and not dropped
	brief   bool     // StopLingering was called
	over    bool     // End was called
}

// held is the rest of a buffer with unread bytes.
type held struct {
	from, to int32
	next     int32 // the buffer that follows in the stream
}

type slot struct {
	stream     *Stream
	generation uint32
}

// New returns Transfers on q, which stays the caller's.
//
// Errors: those of [queue.Completer.NewBuffers].
func New(q queue.Completer, o Options) (*Transfers, error) {
	o = o.withDefaults()
	b, err := q.NewBuffers(o.Buffers, o.BufferSize)
	if err != nil {
		return nil, fmt.Errorf("transfer: %d buffers of %d bytes: %w", o.Buffers, o.BufferSize, err)
	}
	return &Transfers{queue: q, buffers: b, options: o, held: make([]held, b.Count())}, nil
}

// Open begins to transfer the bytes of h, a connected stream socket that the queue does not have
// registered. Events for the stream have the given token. The handle is the caller's until Close of
// the stream.
func (t *Transfers) Open(h sys.Handle, token queue.Token) *Stream {
	s := &Stream{transfers: t, handle: h, token: token, first: none, last: none}
	t.mu.Lock()
	defer t.mu.Unlock()
	if n := len(t.free); n > 0 {
		s.index = t.free[n-1]
		t.free = t.free[:n-1]
	} else {
		s.index = uint32(len(t.slots))
		t.slots = append(t.slots, slot{})
	}
	t.slots[s.index].stream = s
	return s
}

// tokenOf returns the token of the operations of s.
func (t *Transfers) tokenOf(s *Stream) queue.Token {
	return Mark | queue.Token(t.slots[s.index].generation&(1<<30-1))<<32 | queue.Token(s.index)
}

// drop frees the slot of s. The caller holds mu.
func (t *Transfers) drop(s *Stream) {
	if s.closing {
		t.closing--
	}
	t.slots[s.index].stream = nil
	t.slots[s.index].generation++
	t.free = append(t.free, s.index)
}

// Owns reports whether e is a completion of these Transfers, which Complete takes.
func Owns(e *queue.Event) bool { return e.Completion != 0 && e.Token&Mark != 0 }

// Complete takes the completions of these Transfers among events that Wait has returned. It turns
// each into the event of readiness that results, with the token of the stream. A completion from
// which nothing results stays a completion; see Owns.
func (t *Transfers) Complete(events []queue.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range events {
		if Owns(&events[i]) {
			t.complete(&events[i])
		}
	}
}

func (t *Transfers) complete(e *queue.Event) {
	i := uint32(e.Token)
	var s *Stream
	if int(i) < len(t.slots) {
		if s = t.slots[i].stream; s != nil && t.tokenOf(s) != e.Token&^arrivalMark {
			s = nil
		}
	}
	if s == nil {
		// The queue has one terminal completion per operation, and a stream stays until then.
		if e.Completion&queue.Provided != 0 {
			t.buffers.Return(e.Buffer)
		}
		return
	}
	ready := s.complete(e)
	switch {
	case s.closing:
		s.finish()
	case ready != 0:
		*e = queue.Event{Token: s.token, Ready: ready}
	}
}

// chunk returns an empty chunk. The caller holds mu.
func (t *Transfers) chunk() []byte {
	if n := len(t.chunks); n > 0 {
		c := t.chunks[n-1]
		t.chunks = t.chunks[:n-1]
		return c
	}
	return make([]byte, 0, chunkSize)
}

func (t *Transfers) keep(c []byte) {
	if len(t.chunks) < chunksKept {
		t.chunks = append(t.chunks, c[:0])
	}
}

// Flush submits what the streams have to send and to receive. The caller calls it before each Wait.
func (t *Transfers) Flush() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.dirty) == 0 {
		return
	}
	dirty := t.dirty
	t.dirty = t.spare[:0]
	for i, s := range dirty {
		dirty[i] = nil
		s.dirty = false
		s.submit()
	}
	t.spare = dirty
}

// Lingering reports whether closed streams still have bytes to send, or operations in flight.
func (t *Transfers) Lingering() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.closing > 0
}

// StopLingering makes closed streams, and those that are closed later, wait for no peer. Their
// bytes leave as far as the kernel takes them at once. A connection that loses bytes is reset.
func (t *Transfers) StopLingering() {
	t.mu.Lock()
	t.brief = true
	for _, x := range t.slots {
		if s := x.stream; s != nil && s.closing {
			s.cut()
			s.finish()
		}
	}
	t.mu.Unlock()
	t.wake(true)
}

// End closes the handles of the closed streams. The caller has closed the queue, which has ended
// all operations.
func (t *Transfers) End() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.over = true
	for _, x := range t.slots {
		if s := x.stream; s != nil {
			s.receive, s.send, s.room, s.linger, s.sending, s.pending = 0, 0, 0, 0, nil, nil
			if s.closing {
				s.finish()
			}
		}
	}
}

// Held returns the number of buffers that hold unread bytes.
func (t *Transfers) Held() int { return t.buffers.Lent() }
