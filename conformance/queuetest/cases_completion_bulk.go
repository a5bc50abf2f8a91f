package queuetest

import (
	"bytes"
	"math/rand/v2"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/queue"
)

func completionBulkCases() []Case {
	const source = "WSARecv completes with what fits, and the rest waits in the socket; libuv#1672"
	return []Case{
		completing("bulk", "OpRecv", "Much arrives at several connections, each with one OpRecv whose Data is smaller than what is there. All bytes come in order, whoever pauses.",
			source, func(t T, c *completer) { bulk(t, c, bulkForm{}) }),
		completing("bulk-buffers", "Op.Buffers", "Much arrives at several connections that share few buffers. All bytes come in order, and idle connections hold none.",
			source, func(t T, c *completer) { bulk(t, c, bulkForm{lends: true}) }),
		completing("bulk-multi", "Op.Multi", "Much arrives at several connections, each with one OpRecv with Multi. All bytes come in order, also around a cancel, and idle connections hold no buffer.",
			source, func(t T, c *completer) { bulk(t, c, bulkForm{lends: true, multi: true}) }),
	}
}

const (
	bulkFlows  = 6
	bulkPhases = 4 // after each, all connections are idle

	bulkRoomMin, bulkRoomMax = 512, 4 << 10 // of a receive
	bulkSendMin, bulkSendMax = 4 << 10, 64 << 10
	bulkBuffers              = 8 // that all connections share, more than one for each that holds one
	bulkGuard                = 64
)

// bulkBytes returns the number of bytes that all connections together receive.
func bulkBytes() int { return suite.Extent(1<<20, 64<<20) }

type bulkForm struct{ lends, multi bool }

// flow is a connection of bulk.
type flow struct {
	number  int
	a, b    *end // receives, sends
	goal    int  // of the phase
	sent    int  // bytes of all sends that were submitted
	got     int
	out     []byte
	room    []byte // of a receive without Buffers, and a guard after it
	size    int    // of the Data of the receive
	send    *operation
	receive *operation
	taken   int           // completions of receive that were looked at
	held    []queue.Event // a reader that pauses keeps its last buffer

	mute, deaf           bool // the sender pauses; the reader does
	muteUntil, deafUntil int  // until all connections have received that much
	canceling            bool
}

// bulkRun is the state of bulk. All decisions follow from the seed and the order of completions.
type bulkRun struct {
	t       T
	c       *completer
	form    bulkForm
	random  *rand.Rand
	buffers queue.Buffers
	flows   []*flow
	total   int // bytes that all connections have received

	completions, pauses, lentMost, opsMost int
}

func bulk(t T, c *completer, form bulkForm) {
	t.Logf("seed %d", c.f.seed)
	r := &bulkRun{t: t, c: c, form: form, random: rand.New(rand.NewPCG(c.f.seed, 0))}
	if form.lends {
		r.buffers = c.lend(bulkBuffers, bulkRoomMax/2)
	}
	for i := range bulkFlows {
		a, b := pair(t)
		r.flows = append(r.flows, &flow{number: i, a: a, b: b, out: make([]byte, bulkSendMax), room: make([]byte, bulkRoomMax+bulkGuard)})
	}
	for range bulkPhases {
		for _, f := range r.flows {
			f.goal += (bulkBytes() + bulkPhases*bulkFlows - 1) / (bulkPhases * bulkFlows)
		}
		c.until(r.step, "more of the bytes that were sent")
		r.idle()
	}
	t.Logf("%d bytes at %d connections in %d completions and %d pauses; at most %d operations in flight and %d buffers lent",
		r.total, bulkFlows, r.completions, r.pauses, r.opsMost, r.lentMost)
}

// step does all that can be done between two Waits, and reports whether the phase is over.
func (r *bulkRun) step() (done bool) {
	for _, f := range r.flows {
		r.sends(f)
		r.receives(f)
	}
	r.resume()
	if r.buffers != nil {
		held := 0
		for _, f := range r.flows {
			held += len(f.held)
		}
		r.lentMost = max(r.lentMost, r.buffers.Lent())
		r.c.lent(r.buffers, held, "although the others were returned")
	}
	if r.opsMost = max(r.opsMost, len(r.c.ops)); r.opsMost > 2*bulkFlows {
		r.t.Fatalf("%d operations are in flight, want one send and one receive per connection", r.opsMost)
	}
	for _, f := range r.flows {
		if f.got < f.goal || f.send != nil || f.deaf || f.receive == nil {
			return false
		}
	}
	return true
}

// sends takes the completion of the send of f, and submits the next one.
func (r *bulkRun) sends(f *flow) {
	if o := f.send; o != nil && o.ended {
		r.completions++
		r.c.result(o, len(f.out))
		r.c.forget(o)
		f.send = nil
		if r.pausable(f) && r.random.IntN(4) == 0 {
			f.mute, f.muteUntil = true, r.total+r.random.IntN(bulkSendMax)
		}
	}
	if f.send != nil || f.mute || f.sent == f.goal {
		return
	}
	n := min(bulkSendMin+r.random.IntN(bulkSendMax-bulkSendMin), f.goal-f.sent)
	f.out = f.out[:n]
	for i := range f.out {
		f.out[i] = bulkByte(f.number, f.sent+i)
	}
	f.sent += n
	f.send = r.c.submit(queue.Op{Kind: queue.OpSend, Handle: f.b.handle, Data: f.out})
}

// receives takes the completions of the receive of f, and submits the next one.
func (r *bulkRun) receives(f *flow) {
	for o := f.receive; o != nil && f.taken < len(o.got); f.taken++ {
		r.received(f, o.got[f.taken])
	}
	if o := f.receive; o != nil && o.ended {
		r.c.forget(o)
		f.receive, f.canceling = nil, false
	}
	if f.receive != nil || f.deaf {
		return
	}
	op := queue.Op{Kind: queue.OpRecv, Handle: f.a.handle, Multi: r.form.multi}
	if r.form.lends {
		op.Buffers = r.buffers
	} else {
		f.size = bulkRoomMin + r.random.IntN(bulkRoomMax-bulkRoomMin+1)
		for i := range bulkGuard {
			f.room[f.size+i] = bulkByte(f.number, i)
		}
		op.Data = f.room[:f.size:f.size]
	}
	f.receive, f.taken = r.c.submit(op), 0
}

// received takes a completion of the receive of f.
func (r *bulkRun) received(f *flow, e queue.Event) {
	r.completions++
	switch {
	case e.Result == queue.ResultCanceled && f.canceling, e.Result == queue.ResultNoBuffers && r.form.lends:
		return
	case e.Result <= 0:
		r.t.Fatalf("connection %d, receive after %d of %d bytes: result %d (%v)", f.number, f.got, f.goal, e.Result, e.Err())
	}
	data := f.room[:min(int(e.Result), len(f.room))]
	switch {
	case r.form.lends && e.Completion&queue.Provided == 0:
		r.t.Fatalf("connection %d: a completion of %d bytes has no buffer", f.number, e.Result)
	case r.form.lends:
		data = r.buffers.Bytes(e.Buffer)[:e.Result]
	case int(e.Result) > f.size:
		r.t.Fatalf("connection %d: %d bytes were received into %d", f.number, e.Result, f.size)
	}
	for i, got := range data {
		if want := bulkByte(f.number, f.got+i); got != want {
			r.t.Fatalf("connection %d: byte %d is %#x, want %#x", f.number, f.got+i, got, want)
		}
	}
	if f.got += len(data); f.got > f.sent {
		r.t.Fatalf("connection %d: %d bytes were received, but %d sent", f.number, f.got, f.sent)
	}
	r.total += len(data)
	pauses := r.pausable(f) && r.random.IntN(16) == 0
	switch {
	case !r.form.lends:
		guard := make([]byte, bulkGuard)
		for i := range guard {
			guard[i] = bulkByte(f.number, i)
		}
		if !bytes.Equal(f.room[f.size:f.size+bulkGuard], guard) {
			r.t.Fatalf("connection %d: a receive has written after its memory", f.number)
		}
	case pauses:
		f.held = append(f.held, e)
	default:
		r.buffers.Return(e.Buffer)
	}
	if !pauses {
		return
	}
	r.pauses++
	f.deaf, f.deafUntil = true, r.total+r.random.IntN(bulkSendMax)
	if o := f.receive; !o.ended && !f.canceling {
		f.canceling = true
		r.c.cancel(o)
	}
}

// moves reports whether completions of f follow.
func (f *flow) moves() bool { return !f.mute && !f.deaf && f.got < f.goal }

// pausable reports whether f may pause: two others must move.
func (r *bulkRun) pausable(f *flow) bool {
	others := 0
	for _, g := range r.flows {
		if g != f && g.moves() {
			others++
		}
	}
	return f.moves() && others >= 2
}

// resume ends the pauses that are over, and all if no connection moves.
func (r *bulkRun) resume() {
	moves := false
	for _, f := range r.flows {
		moves = moves || f.moves()
	}
	for _, f := range r.flows {
		if f.mute && (!moves || r.total >= f.muteUntil) {
			f.mute = false
			r.sends(f)
		}
		if f.deaf && (!moves || r.total >= f.deafUntil) {
			f.deaf = false
			for _, e := range f.held {
				r.buffers.Return(e.Buffer)
			}
			f.held = f.held[:0]
			r.receives(f)
		}
	}
}

// idle fails the case unless each connection has one receive in flight, and none holds a buffer.
func (r *bulkRun) idle() {
	before := len(r.c.ops)
	r.c.fence()
	for _, f := range r.flows {
		if len(f.receive.got) > f.taken {
			r.t.Errorf("connection %d: a receive completes while nothing is sent: %+v", f.number, f.receive.got[f.taken])
		}
	}
	if before != bulkFlows {
		r.t.Errorf("%d operations are in flight at %d idle connections", before, bulkFlows)
	}
	if r.buffers != nil {
		r.c.lent(r.buffers, 0, "while all connections are idle")
	}
}

// bulkByte is the byte at a position of a connection.
func bulkByte(number, at int) byte {
	x := uint32(at)*2654435761 + uint32(number)*40503
	return byte(x>>24) ^ byte(x>>13)
}
