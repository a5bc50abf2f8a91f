package transfer

import (
	"math"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

const none = int32(-1)

// record holds the state of a stream. There are many idle streams, so what only a busy one
// needs is in its activity. A record has no pointers, and the garbage collector does not scan it.
type record struct {
	handle     sys.Handle
	token      queue.Token
	link       queue.OpID // the operation that receives; or the number of the activity; or 1 + the index of the next free record
	generation uint32     // changes when the stream ends
	flags      uint16
	small      uint8 // reads in sequence that would not need bulk
}

// The bits of record.flags.
const (
	open      uint16 = 1 << iota // the record is in use
	active                       // link is the number of an activity
	polls                        // the operation that receives is a poll for bytes to read
	bulk                         // much arrives at once: read it from the kernel directly
	ended                        // the peer sends no more
	wanted                       // a read found nothing, so a receive is to be in flight
	canceling                    // the receive was canceled
	full                         // a write found no room
	broken                       // a call has returned that the connection is over
	shut                         // CloseWrite was called
	quiet                        // no caller waits for the completion of activity.send
	dirty                        // in Transfers.dirty
	closing                      // Close was called
	reset                        // the handle closes with a reset, because bytes are unread
	stopping                     // Stop was called
)

func (r *record) is(b uint16) bool { return r.flags&b != 0 }

func (r *record) set(b uint16, on bool) {
	if r.flags &^= b; on {
		r.flags |= b
	}
}

// activity holds the state of a busy stream besides its record. A stream has one
// from the arrival of bytes until they are read, and from a write until the kernel has its bytes.
type activity struct {
	receive queue.OpID // as record.link of an idle stream
	send    queue.OpID // zero if none is in flight, as all of these
	room    queue.OpID // a poll for room to write
	linger  queue.OpID

	sending []byte // owned by send
	pending []byte // to be sent next

	first, last int32 // the buffers with unread bytes
	count       int32
	readErr     int32 // what Event.Result was
	sendErr     int32
}

// page holds records that do not move. With the word that the Go runtime adds to memory with
// pointers, it has the size of one of the runtime's classes (2 KiB).
type page struct {
	transfers *Transfers
	first     uint32 // the index of the first record
	records   [recordsPerPage]record
}

// recordsPerPage is one less than the number of indices of a page.
const (
	indicesPerPage = 64
	recordsPerPage = indicesPerPage - 1
)

func (p *page) at(index uint32) *record { return &p.records[index%indicesPerPage] }

// put takes a record. The caller holds mu.
func (t *Transfers) put(h sys.Handle, token queue.Token) Stream {
	if t.free == 0 {
		t.grow()
	}
	i := uint32(t.free - 1)
	p := t.pages[i/indicesPerPage]
	r := p.at(i)
	t.free = r.link
	*r = record{handle: h, token: token, generation: r.generation, flags: open}
	return Stream{p, i, r.generation}
}

func (t *Transfers) grow() {
	p := &page{transfers: t, first: uint32(len(t.pages) * indicesPerPage)}
	t.pages = append(t.pages, p)
	// The records with the lowest indices are used first.
	for i := recordsPerPage - 1; i >= 0; i-- {
		p.records[i].link = t.free
		t.free = queue.OpID(p.first) + queue.OpID(i) + 1
	}
}

// find returns the stream whose operations have this token, or a stream of no page. The caller
// holds mu.
func (t *Transfers) find(token queue.Token) (s Stream) {
	i := uint32(token)
	if int(i/indicesPerPage) >= len(t.pages) || i%indicesPerPage == recordsPerPage {
		return s
	}
	p := t.pages[i/indicesPerPage]
	r := p.at(i)
	if found := (Stream{p, i, r.generation}); r.is(open) && found.opToken() == token {
		return found
	}
	return s
}

// drop frees the record of s. The caller holds mu.
func (t *Transfers) drop(s *Stream) {
	r := s.record()
	if r.is(closing) {
		t.closing--
	}
	if r.is(active) {
		t.activities.Give(uint32(r.link))
	}
	r.flags = 0
	if r.generation == math.MaxUint32 {
		return // a stream that has ended would seem to be another one if the record were used again
	}
	r.generation++
	r.link = t.free
	t.free = queue.OpID(s.index) + 1
}

// activityOf returns the activity of a stream, or an empty one that must not be changed. The caller
// holds mu.
func (t *Transfers) activityOf(r *record) *activity {
	if r.is(active) {
		return t.activities.At(uint32(r.link))
	}
	return &t.empty
}

// activate returns the activity of a stream, which has one from now on. The caller holds mu.
func (t *Transfers) activate(r *record) *activity {
	if r.is(active) {
		return t.activities.At(uint32(r.link))
	}
	i, a := t.activities.Take()
	a.receive, a.first, a.last = r.link, none, none
	r.link = queue.OpID(i)
	r.flags |= active
	return a
}

// rest takes the activity from a stream that has become idle. The caller holds mu.
func (t *Transfers) rest(r *record) {
	if !r.is(active) {
		return
	}
	a := t.activities.At(uint32(r.link))
	if a.send|a.room|a.linger != 0 || a.first != none || a.sending != nil || a.pending != nil || a.readErr|a.sendErr != 0 {
		return
	}
	i := uint32(r.link)
	r.link = a.receive
	r.flags &^= active
	t.activities.Give(i)
}

// receive returns where the id of the operation that receives is: zero if none is in flight. It is
// valid until the stream becomes active or idle. The caller holds mu.
func (t *Transfers) receive(r *record) *queue.OpID {
	if r.is(active) {
		return &t.activities.At(uint32(r.link)).receive
	}
	return &r.link
}

// receiving reports whether a receive into buffers is in flight. The caller holds mu.
func (t *Transfers) receiving(r *record) bool { return !r.is(polls) && *t.receive(r) != 0 }
