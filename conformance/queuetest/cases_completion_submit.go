package queuetest

import (
	"errors"
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// Bounded is the feature of a target that has OpenBounded.
const Bounded suite.Feature = "bounded operations"

func completionSubmitCases() []Case {
	return []Case{
		completing("invalid", "Completer.Submit", "Submit returns ErrInvalid for a kind or a combination of fields that does not exist. No completion follows.",
			"io_uring_enter(2)", submitsInvalid),
		completing("closed", "Completer", "After Close, every call returns ErrClosed.",
			"libuv#2231", submitsClosed),
		also(Bounded, completing("full", "ErrFull", "Submit returns ErrFull if the bound on operations in flight is reached. Take completions, then submit again.",
			"zio#623", submitsFull)),
		also(Bounded, completing("full-chain", "Completer.SubmitChain", "SubmitChain returns ErrFull if not all of its operations fit, and then submits none.",
			"liburing#1422", submitsFullChain)),
		also(Bounded, completing("full-canceled", "Completer.Submit", "An operation that ended by Cancel makes room when a Wait has returned its completion.",
			"zio#623", submitsFullCanceled)),
	}
}

// alien is a Buffers that no queue made.
type alien struct{}

func (alien) Bytes(uint16) []byte { return make([]byte, 8) }
func (alien) Return(uint16)       {}
func (alien) Count() int          { return 1 }
func (alien) Size() int           { return 8 }
func (alien) Lent() int           { return 0 }
func (alien) Close() error        { return nil }

func submitsInvalid(t T, c *completer) {
	a, b := pair(t)
	l, addr := listen(t)
	data := make([]byte, 8)
	message := &sys.Message{Buffer: data, Addr: addr}
	b.send(t, 1)
	long := make([][]byte, sys.MaxSegments+1)
	for i := range long {
		long[i] = data
	}
	for _, invalid := range []struct {
		what string
		op   queue.Op
	}{
		{"no kind", queue.Op{Kind: queue.OpNone, Handle: a.handle, Data: data}},
		{"an unknown kind", queue.Op{Kind: queue.OpTimeout + 1, Handle: a.handle, Data: data}},
		{"the last kind", queue.Op{Kind: ^queue.OpKind(0), Handle: a.handle, Data: data}},
		{"OpRecv with Multi and without Buffers", queue.Op{Kind: queue.OpRecv, Handle: a.handle, Data: data, Multi: true}},
		{"OpSend with Multi", queue.Op{Kind: queue.OpSend, Handle: a.handle, Data: data, Multi: true}},
		{"OpRecvMessage with Multi", queue.Op{Kind: queue.OpRecvMessage, Handle: a.handle, Message: message, Multi: true}},
		{"OpSendMessage with Multi", queue.Op{Kind: queue.OpSendMessage, Handle: a.handle, Message: message, Multi: true}},
		{"OpConnect with Multi", queue.Op{Kind: queue.OpConnect, Handle: tcp(t).handle, Message: message, Multi: true}},
		{"OpClose with Multi", queue.Op{Kind: queue.OpClose, Handle: a.handle, Multi: true}},
		{"OpTimeout with Multi", queue.Op{Kind: queue.OpTimeout, Multi: true}},
		{"OpRecv with too many segments", queue.Op{Kind: queue.OpRecv, Handle: a.handle, Vector: long}},
		{"OpSend with too many segments", queue.Op{Kind: queue.OpSend, Handle: a.handle, Vector: long}},
		{"OpRecvMessage without Message", queue.Op{Kind: queue.OpRecvMessage, Handle: a.handle}},
		{"OpSendMessage without Message", queue.Op{Kind: queue.OpSendMessage, Handle: a.handle}},
		{"OpConnect without Message", queue.Op{Kind: queue.OpConnect, Handle: tcp(t).handle}},
		{"OpPoll with an unknown interest", queue.Op{Kind: queue.OpPoll, Handle: a.handle, Interest: queue.Both + 1}},
		{"OpRecv with Buffers of nobody", queue.Op{Kind: queue.OpRecv, Handle: a.handle, Buffers: alien{}}},
	} {
		if o, err := c.try(invalid.op); !errors.Is(err, queue.ErrInvalid) {
			t.Errorf("%s: got %v, want %v", invalid.what, err, queue.ErrInvalid)
			if err == nil {
				_ = c.Cancel(o.id)
			}
		}
	}
	must(t, c.Wake())
	c.fence() // reports the completion of an operation that was refused
	wantError(t, "a chain with too few ids", c.SubmitChain(make([]queue.Op, 2), make([]queue.OpID, 1)), queue.ErrInvalid)
	o := c.submit(queue.Op{Kind: queue.OpAccept, Handle: l.handle})
	c.cancel(o)
	c.result(c.submit(queue.Op{Kind: queue.OpRecv, Handle: a.handle, Data: data}), 1)
}

func submitsClosed(t T, c *completer) {
	a, _ := pair(t)
	lent, err := c.NewBuffers(2, 64)
	must(t, err)
	_, err = c.Submit(&queue.Op{Kind: queue.OpTimeout, After: time.Hour})
	must(t, err)
	id, err := c.Submit(&queue.Op{Kind: queue.OpRecv, Handle: a.handle, Data: make([]byte, 8)})
	must(t, err)
	must(t, c.Close())
	c.closed = true
	_, err = c.Submit(&queue.Op{Kind: queue.OpTimeout})
	wantError(t, "submit", err, queue.ErrClosed)
	_, err = c.Submit(&queue.Op{})
	wantError(t, "submit an invalid operation", err, queue.ErrClosed)
	wantError(t, "submit a chain", c.SubmitChain([]queue.Op{{Kind: queue.OpTimeout}}, make([]queue.OpID, 1)), queue.ErrClosed)
	wantError(t, "cancel", c.Cancel(id), queue.ErrClosed)
	wantError(t, "cancel of the zero OpID", c.Cancel(0), queue.ErrClosed)
	_, err = c.NewBuffers(2, 64)
	wantError(t, "new buffers", err, queue.ErrClosed)
	_, err = c.NewBuffers(0, 0)
	wantError(t, "new invalid buffers", err, queue.ErrClosed)
	_, err = c.Wait(make([]queue.Event, 1), -1)
	wantError(t, "wait", err, queue.ErrClosed)
	wantError(t, "close of the buffers after that of the queue", lent.Close(), queue.ErrClosed)
	wantError(t, "second close", c.Close(), queue.ErrClosed)
}

// The bound of a bounded queue, and the number of operations that it may hold at most, because a
// mechanism may round the bound up.
const (
	bound    = 8
	boundMax = 64
)

// bounded returns a completer over another queue, which holds few operations.
func (c *completer) bounded() *completer {
	c.t.Helper()
	return newCompleter(c.t, c.f, c.f.bounded(c.t))
}

// saturate submits receives from a until the queue is full.
func (c *completer) saturate(a *end) []*operation {
	c.t.Helper()
	var all []*operation
	for {
		o, err := c.try(queue.Op{Kind: queue.OpRecv, Handle: a.handle, Data: make([]byte, 1)})
		if errors.Is(err, queue.ErrFull) {
			if len(all) < bound {
				c.t.Fatalf("the queue is full with %d operations in flight, want %d", len(all), bound)
			}
			return all
		}
		must(c.t, err)
		if all = append(all, o); len(all) > boundMax {
			c.t.Fatalf("the queue holds %d operations, want about %d", len(all), bound)
		}
	}
}

func submitsFull(t T, full *completer) {
	c := full.bounded()
	a, b := pair(t)
	for round := range 3 {
		all := c.saturate(a)
		c.fence() // ErrFull is no operation
		if _, err := c.try(queue.Op{Kind: queue.OpTimeout}); !errors.Is(err, queue.ErrFull) {
			t.Errorf("round %d: submit to a full queue: got %v, want %v", round, err, queue.ErrFull)
		}
		b.send(t, 1)
		c.until(func() bool { return ends(all) == 1 }, "the completion for the byte")
		last := c.submit(queue.Op{Kind: queue.OpTimeout})
		c.result(last, 0)
		b.send(t, len(all)-1)
		for _, o := range all {
			c.result(o, 1)
		}
	}
	c.finish()
}

// ends returns how many of all have ended.
func ends(all []*operation) (n int) {
	for _, o := range all {
		if o.ended {
			n++
		}
	}
	return n
}

func submitsFullChain(t T, full *completer) {
	c := full.bounded()
	a, b := pair(t)
	all := c.saturate(a)
	b.send(t, 2)
	c.until(func() bool { return ends(all) == 2 }, "the completions for two bytes")
	x, y := pair(t)
	send := queue.Op{Kind: queue.OpSend, Handle: x.handle, Data: []byte("x"), Token: 1}
	wantError(t, "chain that does not fit", c.SubmitChain([]queue.Op{send, send, send}, make([]queue.OpID, 3)), queue.ErrFull)
	c.fence()
	_, err := sys.Read(y.handle, make([]byte, 1))
	wantError(t, "read of what a refused chain would have sent", err, sys.ErrWouldBlock)
	send.Token = 0
	for _, o := range c.chain(send, send) {
		c.result(o, 1)
	}
	b.send(t, len(all)-2)
	c.finish()
}

func submitsFullCanceled(t T, full *completer) {
	c := full.bounded()
	a, _ := pair(t)
	for range 3 {
		all := c.saturate(a)
		for _, o := range all {
			c.cancel(o)
		}
		for _, o := range all {
			c.fails(o, queue.ErrCanceled)
		}
	}
	c.finish()
}
