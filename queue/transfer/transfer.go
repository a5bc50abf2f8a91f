package transfer

import (
	"fmt"
	"sync"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/internal/spare"
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
	// Owner is the first result of Stream.Owner.
	Owner any
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

	mu         sync.Mutex
	held       []held // by buffer
	pages      []*page
	free       queue.OpID // 1 + the index of the first free record
	activities spare.Parts[activity]
	empty      activity // never changed
	dirty      []Stream // with bytes to send, or a receive to begin
	spare      []Stream // the other slice of Flush
	chunks     [][]byte
	op         queue.Op // the last that was submitted; a variable of its own would be allocated per operation
	closing    int      // streams that are closed and not dropped
	brief      bool     // StopLingering was called
	over       bool     // End was called
}

// held is the rest of a buffer with unread bytes.
type held struct {
	from, to int32
	next     int32 // the buffer that follows in the stream
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
	return &Transfers{
		queue: q, buffers: b, options: o, held: make([]held, b.Count()), empty: activity{first: none, last: none},
	}, nil
}

// Open begins to transfer the bytes of h, a connected stream socket that the queue does not have
// registered. Events for the stream have the given token. The handle is the caller's until Close of
// the stream.
func (t *Transfers) Open(h sys.Handle, token queue.Token) *Stream {
	// The compiler inlines Open, so the Stream of a caller that copies it is not on the heap.
	s := t.open(h, token)
	return &s
}

func (t *Transfers) open(h sys.Handle, token queue.Token) Stream {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.put(h, token)
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
	s := t.find(e.Token &^ arrivalMark)
	if s.page == nil {
		// The queue has one terminal completion per operation, and a stream stays until then.
		if e.Completion&queue.Provided != 0 {
			t.buffers.Return(e.Buffer)
		}
		return
	}
	r := s.record()
	ready := s.complete(e)
	switch {
	case r.is(closing):
		s.finish()
	case ready != 0:
		*e = queue.Event{Token: r.token, Ready: ready}
	}
	s.leave()
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
	marked := t.dirty
	t.dirty = t.spare[:0]
	for i := range marked {
		s := &marked[i]
		if r := s.live(); r != nil {
			r.flags &^= dirty
			s.submit()
			s.leave()
		}
	}
	t.spare = marked
}

// Held returns the number of buffers that hold unread bytes.
func (t *Transfers) Held() int { return t.buffers.Lent() }
