//go:build linux

package interrupt

import (
	"crypto/sha256"
	"errors"
	"hash"
	"time"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

// launch starts the next transfer in handler form. A transfer that cannot start has ended, and
// another takes its place.
func (w *world) launch() {
	for i, ok := w.take(); ok; i, ok = w.take() {
		p := w.config.plan(i)
		c := &clientHandler{world: w, index: i, plan: p, sent: sha256.New(), received: sha256.New(), left: p.bytes, late: time.Now().Add(patience)}
		err := c.open()
		if err == nil {
			if _, err = w.client.StartHandler(c.sock.Handle(), c); err == nil {
				return
			}
			abort(&c.sock)
		}
		w.ledger.tell(i, p.bytes, err)
	}
}

// clientHandler is a transfer as a state machine.
type clientHandler struct {
	world     *world
	index     int
	plan      plan
	sock      stream.Socket
	connected bool
	late      time.Time

	sent    hash.Hash
	left    int    // bytes that have not been generated yet
	pending []byte // generated but not written yet
	out     []byte // the memory of pending
	shut    bool   // the end has been written

	received hash.Hash
	got      int
	in       []byte
	done     bool // the end has arrived
}

func (c *clientHandler) open() (err error) {
	if c.sock, err = stream.OpenTCP(sys.IPv4); err != nil {
		return err
	}
	if c.world.config.Kind == Tiny {
		err = errors.Join(c.sock.SetReadBuffer(1), c.sock.SetWriteBuffer(1))
	}
	if err == nil {
		err = c.sock.StartConnect(c.world.target)
	}
	c.connected = err == nil
	if err != nil && err != sys.ErrWouldBlock {
		abort(&c.sock)
		return err
	}
	return nil
}

// Step does what it can in both directions. It waits for the rest of both directions together.
func (c *clientHandler) Step(t sched.HandlerTask, cause sched.Cause) sched.Next {
	left := time.Until(c.late)
	if left <= 0 {
		return sched.Done(errHung)
	}
	if !c.connected {
		switch err := c.sock.FinishConnect(); err {
		case nil:
			c.connected = true
		case sys.ErrWouldBlock:
			return sched.WaitFor(queue.Writable).Within(left)
		default:
			return sched.Done(err)
		}
	}
	if err := c.write(); err != nil {
		return sched.Done(err)
	}
	if err := c.read(t); err != nil {
		return sched.Done(err)
	}
	switch {
	case c.done && c.shut:
		return sched.Done(compare(c.plan, c.got, c.sent, c.received))
	case c.done:
		return sched.Done(errCut)
	case c.shut:
		return sched.WaitFor(queue.Readable).Within(left)
	}
	return sched.WaitFor(queue.Both).Within(left)
}

// write writes until the socket is full or everything is written.
func (c *clientHandler) write() error {
	for !c.shut {
		if len(c.pending) == 0 {
			if c.left == 0 {
				c.shut, c.out = true, nil
				return c.sock.CloseWrite()
			}
			c.make()
		}
		n, err := c.writeOnce()
		c.pending = c.pending[n:]
		if err == sys.ErrWouldBlock {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *clientHandler) make() {
	if c.out == nil {
		c.out = make([]byte, min(c.plan.chunk, c.plan.bytes))
	}
	c.pending = c.out[:min(c.left, len(c.out))]
	c.left -= len(c.pending)
	_, _ = c.plan.random.Read(c.pending)
	c.sent.Write(c.pending)
}

func (c *clientHandler) writeOnce() (int, error) {
	if c.plan.vectored {
		return c.sock.TryWritev(split(c.pending))
	}
	return c.sock.TryWrite(c.pending)
}

// read reads until there is no more.
func (c *clientHandler) read(t sched.HandlerTask) error {
	if c.in == nil {
		c.in = make([]byte, c.plan.chunk)
	}
	for !c.done {
		n, err := c.readOnce()
		if err == sys.ErrWouldBlock {
			return nil
		}
		c.done = isEnd(err)
		if err != nil && !c.done {
			return err
		}
		c.got += n
		c.received.Write(c.in[:n])
		if !c.done && !c.plan.vectored && n < len(c.in) && c.sock.MayDrainShort() && t.ShortReadDrains() {
			return nil
		}
	}
	return nil
}

func (c *clientHandler) readOnce() (int, error) {
	if c.plan.vectored {
		return c.sock.TryReadv(split(c.in))
	}
	return c.sock.TryRead(c.in)
}

// End reports the transfer and starts another.
func (c *clientHandler) End(err error) {
	if err != nil {
		abort(&c.sock)
	} else {
		err = c.sock.Close()
	}
	w := c.world
	// Before the report to the ledger, which ends everything after the last report.
	if perr := w.client.Post(w.launch); perr != nil {
		w.ledger.violate("the next transfer could not start: %v", perr)
	}
	w.ledger.tell(c.index, c.plan.bytes, err)
}

func (w *world) serveHandler(sock stream.Socket) error {
	buffer, err := w.buffer()
	if err != nil {
		abort(&sock)
		return err
	}
	h := &echoHandler{sock: sock, buffer: buffer, late: time.Now().Add(patience)}
	if w.config.Kind == Tiny {
		err = errors.Join(h.sock.SetReadBuffer(1), h.sock.SetWriteBuffer(1))
	}
	if err == nil {
		_, err = w.server.StartHandler(h.sock.Handle(), h)
	}
	if err != nil {
		buffer.Release()
		abort(&h.sock)
	}
	return err
}

// echoHandler sends back what arrives.
type echoHandler struct {
	sock   stream.Socket
	buffer bufstrategy.Buffer
	task   sched.HandlerTask
	last   bufstrategy.Outcome // of the last Fill
	late   time.Time
}

func (h *echoHandler) TryReadv(segs [][]byte) (int, error) { return h.sock.TryReadv(segs) }

func (h *echoHandler) ShortReadDrains() bool {
	return h.sock.MayDrainShort() && h.task.ShortReadDrains()
}

func (h *echoHandler) Step(t sched.HandlerTask, _ sched.Cause) sched.Next {
	h.task = t
	left := time.Until(h.late)
	if left <= 0 {
		return sched.Done(errHung)
	}
	for {
		if h.buffer.Len() == 0 {
			var err error
			if h.last, _, err = bufstrategy.Fill(h.buffer, h, 0); h.last == bufstrategy.Failed {
				return sched.Done(err)
			}
		}
		switch outcome, _, err := bufstrategy.Flush(h.buffer, &h.sock, 0); outcome {
		case bufstrategy.Failed:
			return sched.Done(err)
		case bufstrategy.Blocked:
			return sched.WaitFor(queue.Writable).Within(left)
		}
		switch h.last {
		case bufstrategy.EOF:
			return sched.Done(h.sock.CloseWrite())
		case bufstrategy.Drained:
			return sched.WaitFor(queue.Readable).Within(left)
		}
	}
}

// End closes the connection, with a reset if something went wrong.
func (h *echoHandler) End(err error) {
	h.buffer.Release()
	if err != nil {
		abort(&h.sock)
		return
	}
	_ = h.sock.Close()
}
