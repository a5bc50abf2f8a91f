package queuetest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// Completions is the feature of a queue that is a [queue.Completer].
const Completions suite.Feature = "completions"

// completer wraps the queue of a case, which is a Completer. It checks what holds for every
// completion: its operation is in flight, and its bits are legal. Only the goroutine of the case
// may use it, except for the methods of the embedded Completer.
type completer struct {
	queue.Completer
	t         T
	f         *Fixture
	events    []queue.Event
	ops       map[queue.Token]*operation
	readiness map[queue.Token]queue.Ready // what was reported of registrations
	last      queue.Token
	closed    bool // the case has closed the queue
}

// operation is an operation of a case and its completions so far.
type operation struct {
	kind         queue.OpKind
	token        queue.Token
	id           queue.OpID
	multi, lends bool
	ended        bool
	got          []queue.Event // oldest first
}

func (o *operation) String() string { return fmt.Sprintf("%v %d", o.kind, o.token) }

// firstToken is the first token that completer chooses. Cases use smaller ones for registrations.
const firstToken = 1000

// completions turns run into the function of a case. At the end of the case, it cancels what is in
// flight and awaits it, so that the handles of the case may be closed.
func completions(run func(t T, c *completer)) func(t T, f *Fixture) {
	return func(t T, f *Fixture) {
		passed := false
		defer func() {
			if !passed {
				_ = f.Close() // the operations of a failed case end with its queue
			}
		}()
		c := newCompleter(t, f, f.Queue)
		run(t, c)
		c.finish()
		passed = true
	}
}

func newCompleter(t T, f *Fixture, q queue.Queue) *completer {
	t.Helper()
	real, ok := q.(queue.Completer)
	if !ok {
		t.Fatalf("the queue is no Completer, although another of the same target is")
	}
	return &completer{
		Completer: real, t: t, f: f, events: make([]queue.Event, eventsMax),
		ops: map[queue.Token]*operation{}, readiness: map[queue.Token]queue.Ready{}, last: firstToken,
	}
}

// finish cancels all operations in flight and awaits their ends.
func (c *completer) finish() {
	c.t.Helper()
	if c.closed {
		return
	}
	for _, o := range c.ops {
		if o.ended {
			continue
		}
		if err := c.Cancel(o.id); err != nil {
			c.t.Fatalf("cancel of %v, which is in flight: %v", o, err)
		}
	}
	for _, o := range c.ops {
		c.await(o)
	}
	c.fence()
}

// submit starts an operation. It chooses the token if op has none.
func (c *completer) submit(op queue.Op) *operation {
	c.t.Helper()
	o, err := c.try(op)
	if err != nil {
		c.t.Fatalf("submit %v: %v", op.Kind, err)
	}
	return o
}

// try is submit, except that the error is returned.
func (c *completer) try(op queue.Op) (*operation, error) {
	c.t.Helper()
	o := c.begin(&op)
	id, err := c.Submit(&op)
	// The queue has copied op.
	op = queue.Op{Kind: queue.OpClose, Handle: sys.Invalid, Token: 1}
	if err != nil {
		delete(c.ops, o.token)
		return nil, err
	}
	if id == 0 {
		c.t.Errorf("submit %v: the id is zero", o)
	}
	o.id = id
	return o, nil
}

// begin enters an operation that is about to be submitted.
func (c *completer) begin(op *queue.Op) *operation {
	if op.Token == 0 {
		c.last++
		op.Token = c.last
	}
	o := &operation{kind: op.Kind, token: op.Token, multi: op.Multi, lends: op.Buffers != nil}
	c.ops[o.token] = o
	return o
}

// chain submits a chain.
func (c *completer) chain(ops ...queue.Op) []*operation {
	c.t.Helper()
	var all []*operation
	for i := range ops {
		all = append(all, c.begin(&ops[i]))
	}
	ids := make([]queue.OpID, len(ops))
	if err := c.SubmitChain(ops, ids); err != nil {
		c.t.Fatalf("submit a chain of %d: %v", len(ops), err)
	}
	for i, o := range all {
		if o.id = ids[i]; o.id == 0 {
			c.t.Errorf("submit a chain: the id of %v is zero", o)
		}
		ops[i] = queue.Op{Kind: queue.OpClose, Handle: sys.Invalid, Token: 1}
	}
	return all
}

// turn waits once, files the events, and returns how many completions came.
func (c *completer) turn(timeout time.Duration) (completed int) {
	c.t.Helper()
	n, err := c.Wait(c.events, timeout)
	if err != nil {
		c.t.Fatalf("wait: %v", err)
	}
	for i := range c.events[:n] {
		if c.file(c.events[i]) {
			completed++
		}
	}
	return completed
}

// file files an event and reports whether it is a completion.
func (c *completer) file(e queue.Event) bool {
	c.t.Helper()
	if e.Completion == 0 {
		c.readiness[e.Token] |= e.Ready
		return false
	}
	o := c.ops[e.Token]
	switch {
	case e.Completion&queue.Completed == 0:
		c.t.Errorf("token %d: a completion without Completed: %b", e.Token, e.Completion)
	case o == nil:
		c.t.Errorf("a completion has token %d, as no operation in flight: %+v", e.Token, e)
		return true
	case o.ended:
		c.t.Errorf("%v: a completion after the terminal one: %+v", o, e)
	case !o.multi && e.Completion&queue.More != 0:
		c.t.Errorf("%v: More without Multi", o)
	case !o.lends && e.Completion&queue.Provided != 0:
		c.t.Errorf("%v: Provided without Buffers", o)
	}
	o.got = append(o.got, e)
	o.ended = o.ended || e.Terminal()
	return true
}

// until waits until done returns true. The case hangs if no completion comes for as long as its
// patience.
func (c *completer) until(done func() bool, format string, args ...any) {
	c.t.Helper()
	deadline := time.Now().Add(c.f.patience)
	for !done() {
		left := time.Until(deadline)
		if left <= 0 {
			c.t.Hang(format, args...)
		}
		if c.turn(left) > 0 {
			deadline = time.Now().Add(c.f.patience)
		}
	}
}

// await returns the terminal completion of o.
func (c *completer) await(o *operation) queue.Event {
	c.t.Helper()
	c.until(func() bool { return o.ended }, "the terminal completion of %v", o)
	return o.got[len(o.got)-1]
}

// count waits until o has n completions, and returns the last of these.
func (c *completer) count(o *operation, n int) queue.Event {
	c.t.Helper()
	c.until(func() bool { return len(o.got) >= n }, "completion %d of %v", n, o)
	return o.got[n-1]
}

// forget drops an operation that has ended.
func (c *completer) forget(o *operation) { delete(c.ops, o.token) }

// result fails the case unless o ends with want.
func (c *completer) result(o *operation, want int) {
	c.t.Helper()
	if e := c.await(o); int(e.Result) != want {
		c.t.Errorf("%v: got result %d (%v), want %d", o, e.Result, e.Err(), want)
	}
}

// fails fails the case unless o ends with err.
func (c *completer) fails(o *operation, want error) {
	c.t.Helper()
	e := c.await(o)
	if e.Result >= 0 {
		c.t.Errorf("%v: got result %d, want %v", o, e.Result, want)
		return
	}
	wantError(c.t, o.String(), e.Err(), want)
}

// failsAs fails the case unless o ends with an error of one of these classes.
func (c *completer) failsAs(o *operation, classes ...sys.Class) {
	c.t.Helper()
	e := c.await(o)
	for _, class := range classes {
		if e.Result < 0 && sys.ClassOf(e.Err()) == class {
			return
		}
	}
	c.t.Errorf("%v: got result %d (%v), want an error of class %v", o, e.Result, e.Err(), classes)
}

// cancel cancels o, which is in flight.
func (c *completer) cancel(o *operation) {
	c.t.Helper()
	if err := c.Cancel(o.id); err != nil {
		c.t.Fatalf("cancel %v: %v", o, err)
	}
}

// fencePollsMax bounds the polls of fence, because a level would be reported by each.
const fencePollsMax = 16

// fence takes all that is due: it waits once for a Wake, and then polls.
func (c *completer) fence() {
	c.t.Helper()
	must(c.t, c.Wake())
	c.turn(c.f.patience)
	for range fencePollsMax {
		if c.turn(0) == 0 {
			return
		}
	}
}

// pending fails the case if o completes before a fence.
func (c *completer) pending(o *operation, why string) {
	c.t.Helper()
	before := len(o.got)
	c.fence()
	if len(o.got) > before {
		c.t.Errorf("%v completes %s: %+v", o, why, o.got[before])
	}
}

// pattern returns n bytes that look random and are the same for each seed.
func pattern(n int, seed byte) []byte {
	p := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{seed}).Read(p)
	return p
}

// same fails t unless got is want.
func same(t T, what string, got, want []byte) {
	t.Helper()
	if bytes.Equal(got, want) {
		return
	}
	i := 0
	for i < min(len(got), len(want)) && got[i] == want[i] {
		i++
	}
	t.Errorf("%s: got %d bytes, want %d; they differ from byte %d on", what, len(got), len(want), i)
}

// write writes all of p, for which there must be room.
func (e *end) write(t T, p []byte) {
	t.Helper()
	if got, err := sys.Write(e.handle, p); got != len(p) || err != nil {
		t.Fatalf("write of %d bytes: got %d, %v", len(p), got, err)
	}
}

// reads returns the next n bytes of e, which must already have been sent.
func (f *Fixture) reads(t T, e *end, n int) []byte {
	t.Helper()
	p := make([]byte, n)
	for at := 0; at < n; {
		f.patiently(t, "read", func() error {
			got, err := sys.Read(e.handle, p[at:])
			if got == 0 && err == nil {
				t.Fatalf("read: end of stream, want %d more bytes", n-at)
			}
			at += got
			return err
		})
	}
	return p
}

// ends fails t unless e reads the end of the stream, or that it was reset.
func (f *Fixture) ends(t T, e *end, what string) {
	t.Helper()
	f.patiently(t, what, func() error {
		n, err := sys.Read(e.handle, make([]byte, 1))
		switch {
		case n > 0:
			t.Fatalf("%s: got a byte, want the end", what)
		case sys.ClassOf(err) == sys.ClassDisconnected:
			return nil
		}
		return err
	})
}

// reset closes e so that its peer sees a reset.
func (e *end) reset(t T) {
	t.Helper()
	must(t, sys.SetLinger(e.handle, 0))
	e.close(t)
}
