package streamtest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

// These are the marks of the queues under test, and the sizes of the writes.
const (
	queueHigh  = 32 << 10
	queueLow   = 8 << 10
	queuePiece = 3000
)

// writeQueue is the interface of *stream.WriteQueue that cases use.
type writeQueue interface {
	net.Conn
	TryWrite(p []byte) error
	WaitRoom(n int) error
	Queued() int
	Flush() error
	CloseWrite() error
	Run() error
	Conn() *stream.Conn
}

func (p parts) newWriteQueue(c *stream.Conn, o stream.WriteQueueOptions) writeQueue {
	q := stream.NewWriteQueue(c, o)
	if p.queue == nil {
		return q
	}
	return p.queue(q)
}

// local returns two connected unix-domain sockets. With TCP, the amount that the kernel takes also
// depends on time: a peer that does not read opens its window a little now and then.
func (w *world) local() (stream.Socket, *net.UnixConn) {
	w.Helper()
	a, b, err := sys.SocketPair()
	w.check(err, "socket pair")
	file := os.NewFile(uintptr(b), "peer")
	peer, err := net.FileConn(file)
	file.Close()
	w.check(err, "peer")
	w.own(peer)
	s, err := stream.Adopt(a)
	w.check(err, "adopt")
	return s, peer.(*net.UnixConn)
}

// on returns a connection on s from which the kernel takes little per call.
func (w *world) on(s stream.Socket, buffer int) *stream.Conn {
	w.Helper()
	w.check(s.SetWriteBuffer(buffer), "write buffer")
	c, err := stream.NewConn(s, w.spy)
	if err != nil {
		s.Close()
		w.Fatalf("new connection: %v", err)
	}
	w.own(c)
	return c
}

// queue returns a write queue and its peer.
func (w *world) queue(linger time.Duration) (writeQueue, *net.UnixConn) {
	w.Helper()
	s, peer := w.local()
	q := w.f.parts.newWriteQueue(w.on(s, smallBuffer), stream.WriteQueueOptions{High: queueHigh, Low: queueLow, Linger: linger})
	w.own(q)
	return q, peer
}

func (w *world) run(q writeQueue) *pending[error] { return call(w, "run", q.Run) }

// running returns a call of Run that has begun.
func (w *world) running(q interface{ Run() error }) *pending[error] {
	w.Helper()
	one, other := call(w, "run", q.Run), call(w, "run", q.Run)
	// Either call may be first; the other one is refused.
	var err error
	select {
	case err = <-one.done:
		one = other
	case err = <-other.done:
	case <-time.After(w.Patience()):
		w.Hang("one of two calls of Run is refused")
	}
	if !errors.Is(err, stream.ErrBusy) {
		w.Fatalf("second call of Run: %v, want ErrBusy", err)
	}
	return one
}

// fill writes until the queue refuses, and returns the bytes it took.
func (w *world) fill(q writeQueue) []byte {
	w.Helper()
	var taken []byte
	for i := byte(0); ; i++ {
		p := bytes.Repeat([]byte{i}, queuePiece)
		err := q.TryWrite(p)
		if n := q.Queued(); n > queueHigh {
			w.Fatalf("%d bytes are queued, more than %d", n, queueHigh)
		}
		if err == sys.ErrWouldBlock {
			return taken
		}
		w.check(err, "try write")
		if taken = append(taken, p...); len(taken) > bulk*8 {
			w.Fatalf("the queue takes %d bytes and more", len(taken))
		}
	}
}

func writeQueueCases() []Case {
	all := []Case{
		{
			ID: "queue/marks", Doc: "stream.WriteQueue.TryWrite",
			Rule:   "TryWrite takes all or nothing. After reaching the high mark it refuses until the low mark. It never queues more than the high mark.",
			Source: "unbounded output queues, which a slow peer fills",
			Run:    in(queueMarks),
		},
		{
			ID: "queue/too-long", Doc: "stream.WriteQueue",
			Rule: "A TryWrite of more than the high mark returns ErrWriteTooLong and takes nothing. A Write of that length is taken whole, piece by piece.",
			Run:  in(queueTooLong),
		},
		{
			ID: "queue/order", Doc: "stream.WriteQueue",
			Rule:   "Bytes leave in the order in which they were taken, directly or queued. Each write of several tasks stays whole.",
			Source: "a direct write that overtakes queued bytes",
			Run:    in(queueOrder),
		},
		{
			ID: "queue/write-waits", Doc: "stream.WriteQueue.Write",
			Rule: "Write at the high mark suspends its caller until the low one. At the deadline it returns the count taken so far, and those bytes are sent.",
			Run:  in(queueWriteWaits),
		},
		{
			ID: "queue/flush", Doc: "stream.WriteQueue.Flush",
			Rule:   "Flush returns when the kernel has everything that was taken before it.",
			Source: "a flush that does not wait",
			Run: in(func(w *world) {
				q, peer := w.queue(0)
				data := w.fill(q)
				n := w.waits(sys.Writable)
				p := call(w, "flush", q.Flush)
				w.waiting(sys.Writable, n)
				w.arrives(peer, data)
				w.check(p.get(), "flush")
				if n := q.Queued(); n != 0 {
					w.Errorf("%d bytes are queued after Flush", n)
				}
			}),
		},
		{
			ID: "queue/close-write", Doc: "stream.WriteQueue.CloseWrite",
			Rule: "CloseWrite sends queued bytes before it ends the stream, refuses writes with EPIPE, and does not affect reading.",
			Run: in(func(w *world) {
				q, peer := w.queue(0)
				data := w.fill(q)
				n := w.waits(sys.Writable)
				p := call(w, "close write", q.CloseWrite)
				w.waiting(sys.Writable, n)
				if err := q.TryWrite([]byte("a")); !errors.Is(err, syscall.EPIPE) {
					w.Errorf("TryWrite after CloseWrite: %v", err)
				}
				w.ends(peer, data)
				w.check(p.get(), "close write")
				_, err := io.WriteString(peer, "answer")
				w.check(err, "peer's write")
				got := call(w, "read", func() result {
					p := make([]byte, 64)
					n, err := q.Read(p)
					return result{p[:n], n, err}
				}).get()
				if string(got.data) != "answer" {
					w.Errorf("read after CloseWrite: %v", got)
				}
			}),
		},
		{
			ID: "queue/run", Doc: "stream.WriteQueue.Run",
			Rule:   "Run sends what other callers have queued, and does not wait while the queue is empty. A second Run is refused.",
			Source: "leftover write interest that spins",
			Run:    in(queueRun),
		},
		{
			ID: "queue/lingers", Doc: "stream.WriteQueue.Run",
			Rule: "After Close, Run sends queued bytes, ends the stream and returns nil. Writes return net.ErrClosed at once.",
			Run: in(func(w *world) {
				q, peer := w.queue(time.Hour)
				run := w.running(q)
				n := w.waits(sys.Writable)
				data := w.fill(q)
				w.waiting(sys.Writable, n)
				w.check(q.Close(), "close")
				w.expectErrorOn("unix", q.TryWrite([]byte("a")), net.ErrClosed, "write")
				w.expectErrorOn("unix", q.Close(), net.ErrClosed, "close")
				w.ends(peer, data)
				w.check(run.get(), "run")
				if n := w.spy.open.Load(); n != 0 {
					w.Errorf("%d registrations are still open", n)
				}
			}),
		},
		{
			ID: "queue/linger-ends", Doc: "stream.WriteQueue.Run",
			Rule:   "After Linger, Run abandons bytes that the peer does not read, closes the connection and returns ErrUnsent.",
			Source: "connections that a peer keeps open indefinitely by not reading",
			Run: in(func(w *world) {
				q, _ := w.queue(soon)
				n := w.waits(sys.Writable)
				run := w.run(q)
				w.fill(q)
				w.waiting(sys.Writable, n)
				before := time.Now()
				w.check(q.Close(), "close")
				w.expectErrorOn("unix", run.get(), stream.ErrUnsent, "close")
				if d := time.Since(before); d < soon {
					w.Errorf("Run gave up after %v of %v", d, soon)
				}
				if n := w.spy.open.Load(); n != 0 {
					w.Errorf("%d registrations are still open", n)
				}
			}),
		},
		{
			ID: "queue/close-drops", Doc: "stream.WriteQueue.Close",
			Rule: "Close without Run does not wait. It closes the connection, returns ErrUnsent if bytes are dropped, and ends a suspended Write.",
			Run: in(func(w *world) {
				for _, busy := range []bool{false, true} {
					q, _ := w.queue(time.Hour)
					w.fill(q)
					var p *pending[result]
					if busy {
						n := w.waits(sys.Writable)
						p = w.writeTo(q, make([]byte, bulk))
						w.waiting(sys.Writable, n)
					}
					w.expectErrorOn("unix", q.Close(), stream.ErrUnsent, "close")
					if busy {
						w.expectErrorOn("unix", p.get().err, net.ErrClosed, "write")
					}
					if n := w.spy.open.Load(); n != 0 {
						w.Errorf("%d registrations are still open", n)
					}
				}
			}),
		},
	}
	for i := range all {
		// With unix-domain sockets, it is known how much the kernel takes.
		all[i].Needs = append(all[i].Needs, UnixSockets)
	}
	return all
}

func (w *world) writeTo(q net.Conn, p []byte) *pending[result] {
	return call(w, "write", func() result {
		n, err := q.Write(p)
		return result{nil, n, err}
	})
}

func queueMarks(w *world) {
	q, peer := w.queue(0)
	data := w.fill(q)
	// The remaining room is also unavailable to a smaller write.
	if err := q.TryWrite([]byte("a")); err != sys.ErrWouldBlock {
		w.Fatalf("a small write at the high mark: %v", err)
	}
	waits := w.waits(sys.Writable)
	room := call(w, "wait for room", func() error { return q.WaitRoom(1) })
	w.waiting(sys.Writable, waits)
	for reads := make(chan struct{}); ; {
		n := q.Queued()
		err := q.TryWrite([]byte("b"))
		if err == nil {
			// TryWrite sends first, so n is an upper bound of the queued bytes.
			if now := q.Queued(); now > queueLow+1 {
				w.Errorf("a write was taken with %d bytes queued, above the low mark", now)
			}
			w.check(room.get(), "wait for room")
			go func() {
				io.Copy(io.Discard, peer)
				close(reads)
			}()
			w.check(call(w, "wait for room", func() error { return q.WaitRoom(queueHigh) }).get(), "wait for room")
			w.check(q.TryWrite(make([]byte, queueHigh)), "try write after WaitRoom")
			w.check(call(w, "close write", q.CloseWrite).get(), "close write")
			<-reads
			return
		}
		if err != sys.ErrWouldBlock {
			w.Fatalf("try write with %d bytes queued: %v", n, err)
		}
		if len(data) == 0 {
			w.Fatalf("a queue of %d bytes takes nothing after the peer has read everything", n)
		}
		piece := min(len(data), queuePiece)
		w.arrives(peer, data[:piece])
		data = data[piece:]
	}
}

func queueTooLong(w *world) {
	q, peer := w.queue(0)
	if err := q.TryWrite(make([]byte, queueHigh+1)); !errors.Is(err, stream.ErrWriteTooLong) || q.Queued() != 0 {
		w.Fatalf("TryWrite of more than the high mark: %v, %d queued", err, q.Queued())
	}
	data := w.random(bulk)
	n := w.waits(sys.Writable)
	p := call(w, "write and flush", func() result {
		n, err := q.Write(data)
		if err == nil {
			err = q.Flush()
		}
		return result{nil, n, err}
	})
	w.waiting(sys.Writable, n)
	if err := q.TryWrite([]byte("a")); err != sys.ErrWouldBlock {
		w.Errorf("TryWrite during a Write: %v", err)
	}
	if n := q.Queued(); n > queueHigh {
		w.Errorf("%d bytes are queued, more than %d", n, queueHigh)
	}
	w.arrives(peer, data)
	if r := p.get(); r.n != len(data) || r.err != nil {
		w.Errorf("write: got %v, want %d, nil", r, len(data))
	}
}

// These are the writers of a case about order, and how many messages each writes. A message has its
// length, its writer, its number, and padding.
const (
	queueWriters  = 3
	queueMessages = 120
)

func queueMessage(writer, number int) []byte {
	p := bytes.Repeat([]byte{byte(writer + number)}, 8+(writer*977+number*131)%queuePiece)
	binary.BigEndian.PutUint32(p, uint32(len(p)))
	binary.BigEndian.PutUint16(p[4:], uint16(writer))
	binary.BigEndian.PutUint16(p[6:], uint16(number))
	return p
}

func queueOrder(w *world) {
	q, peer := w.queue(0)
	run := w.run(q)
	var writers []*pending[error]
	for i := range queueWriters {
		writers = append(writers, call(w, "writer", func() error {
			for j := range queueMessages {
				p := queueMessage(i, j)
				if i == 0 {
					if err := tryHard(q, p); err != nil {
						return err
					}
				} else if _, err := q.Write(p); err != nil {
					return err
				}
			}
			return nil
		}))
	}
	w.waiting(sys.Writable, 0) // the peer does not read, so the kernel and the queue cannot take everything
	var next [queueWriters]int
	for range queueWriters * queueMessages {
		var head [8]byte
		if _, err := io.ReadFull(w.from(peer), head[:]); err != nil {
			w.Fatalf("peer's read: %v", err)
		}
		i, j := int(binary.BigEndian.Uint16(head[4:])), int(binary.BigEndian.Uint16(head[6:]))
		message := queueMessage(i, j)
		if i >= queueWriters || j != next[i] || !bytes.Equal(head[:], message[:8]) {
			w.Fatalf("message %d of writer %d arrived in place of another, or bytes are mixed", j, i)
		}
		next[i]++
		w.arrives(peer, message[8:])
	}
	for _, p := range writers {
		w.check(p.get(), "writer")
	}
	w.check(q.Close(), "close")
	w.check(run.get(), "run")
}

// tryHard writes p with TryWrite and WaitRoom.
func tryHard(q writeQueue, p []byte) error {
	for {
		if err := q.TryWrite(p); err != sys.ErrWouldBlock {
			return err
		}
		if err := q.WaitRoom(len(p)); err != nil {
			return err
		}
	}
}

func queueWriteWaits(w *world) {
	q, peer := w.queue(0)
	data := w.fill(q)
	n := w.waits(sys.Writable)
	writer := w.writeTo(q, make([]byte, bulk))
	w.waiting(sys.Writable, n)
	w.check(q.SetWriteDeadline(time.Unix(1, 0)), "set deadline")
	late := writer.get()
	w.expectErrorOn("unix", late.err, os.ErrDeadlineExceeded, "write")
	w.check(q.SetWriteDeadline(time.Time{}), "clear deadline")
	data = append(data, make([]byte, late.n)...)
	n = w.waits(sys.Writable)
	more := w.random(bulk)
	p := call(w, "write and flush", func() result {
		n, err := q.Write(more)
		if err == nil {
			err = q.Flush()
		}
		return result{nil, n, err}
	})
	w.waiting(sys.Writable, n)
	w.arrives(peer, append(data, more...))
	if r := p.get(); r.n != len(more) || r.err != nil {
		w.Errorf("write: got %v, want %d, nil", r, len(more))
	}
}

func queueRun(w *world) {
	q, peer := w.queue(0)
	run := w.running(q)
	for range queued {
		w.check(q.TryWrite([]byte("idle")), "try write")
		w.arrives(peer, []byte("idle"))
	}
	if n := w.waits(sys.Writable); n != 0 {
		w.Errorf("%d waits for writing while the queue was empty", n)
	}
	n := w.waits(sys.Writable)
	data := w.fill(q)
	w.waiting(sys.Writable, n)
	w.arrives(peer, data)
	w.check(call(w, "flush", q.Flush).get(), "flush")
	w.check(q.Close(), "close")
	w.check(run.get(), "run")
}
