package buffers

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"

	"github.com/valyala/bytebufferpool"
)

// each is a fleet whose buffers share nothing.
type each func() conn

func (f each) connect() (conn, error) { return f(), nil }
func (f each) memory(sum int) int     { return sum }

func bufioSubject() Subject {
	return Subject{
		Name: "bufio", Peer: true,
		Note: "as large as the limit from the start and throughout its life; Peek and Discard; a proxy also has a Writer, whose errors are permanent",
		open: func(w workload) (subjectFleet, error) {
			return each(func() conn {
				b := &bufioConn{size: w.limit}
				b.in = bufio.NewReaderSize(&b.from, w.limit)
				if w.framing == through {
					b.out = bufio.NewWriterSize(nil, w.limit)
				}
				return b
			}), nil
		},
	}
}

// bufioConn is a bufio.Reader, and the bufio.Writer of a proxy.
type bufioConn struct {
	from observed
	in   *bufio.Reader
	out  *bufio.Writer
	size int
}

func (b *bufioConn) turn(s *source, c *consumer) (err error) {
	b.from.source = s
	switch c.framing {
	case bulk, through:
		err = b.pieces(c)
	default:
		err = b.messages(c)
	}
	if err == errWouldBlock {
		return nil
	}
	return err
}

func (b *bufioConn) discard(n int) error {
	b.from.held -= n
	_, err := b.in.Discard(n)
	return err
}

func (b *bufioConn) messages(c *consumer) error {
	for {
		if _, err := b.in.Peek(c.header()); err != nil {
			return err
		}
		there, err := b.in.Peek(b.in.Buffered())
		if err != nil {
			return err
		}
		used := c.parse(there)
		if used == 0 {
			message, err := b.in.Peek(c.length(there))
			if err != nil {
				return err
			}
			c.take(message)
			used = len(message)
		}
		if err := b.discard(used); err != nil {
			return err
		}
	}
}

func (b *bufioConn) pieces(c *consumer) error {
	if b.out != nil {
		b.out.Reset(c)
	}
	for {
		if _, err := b.in.Peek(1); err != nil {
			if b.out == nil {
				return err
			}
			return cmp.Or(b.out.Flush(), err)
		}
		piece, err := b.in.Peek(b.in.Buffered())
		if err != nil {
			return err
		}
		if b.out == nil {
			c.take(piece)
		} else if err := b.pass(piece); err != nil {
			return err
		}
		if err := b.discard(len(piece)); err != nil {
			return err
		}
	}
}

// pass writes to the bufio.Writer, which copies unless it is empty and the piece is larger than its
// buffer.
func (b *bufioConn) pass(piece []byte) error {
	if b.out.Buffered() > 0 || len(piece) <= b.out.Available() {
		b.from.copied += uint64(len(piece))
	}
	_, err := b.out.Write(piece)
	return err
}

func (b *bufioConn) idle() error    { return nil }
func (b *bufioConn) release() error { b.in, b.out = nil, nil; return nil }
func (b *bufioConn) copied() uint64 { return b.from.copied }

func (b *bufioConn) held() (now, most int) {
	if b.out != nil {
		return 2 * b.size, 2 * b.size
	}
	return b.size, b.size
}

func bytesSubject() Subject {
	return Subject{
		Name: "bytes.Buffer", Peer: true, Note: "no bound: it takes everything that has arrived, and grows to that size; dropped when idle",
		open: func(workload) (subjectFleet, error) { return each(func() conn { return &bytesConn{} }), nil },
	}
}

// bytesConn is a bytes.Buffer, or the two of a proxy.
type bytesConn struct {
	from    observed
	in, out bytes.Buffer
	most    int
}

func (b *bytesConn) turn(s *source, c *consumer) error {
	b.from.source = s
	if _, err := b.in.ReadFrom(&b.from); err != errWouldBlock {
		return fmt.Errorf("ReadFrom ended: %w", err)
	}
	b.most = max(b.most, b.in.Cap()+b.out.Cap())
	switch c.framing {
	case through:
		b.from.copied += uint64(b.in.Len())
		b.out.Write(b.in.Next(b.next(b.in.Len())))
		b.most = max(b.most, b.in.Cap()+b.out.Cap())
		_, err := b.out.WriteTo(c)
		return err
	case bulk:
		c.take(b.in.Next(b.next(b.in.Len())))
	default:
		b.in.Next(b.next(c.parse(b.in.Bytes())))
	}
	return nil
}

func (b *bytesConn) next(n int) int {
	b.from.held -= n
	return n
}

func (b *bytesConn) idle() error           { b.in, b.out = bytes.Buffer{}, bytes.Buffer{}; return nil }
func (b *bytesConn) release() error        { return b.idle() }
func (b *bytesConn) held() (now, most int) { return b.in.Cap() + b.out.Cap(), b.most }
func (b *bytesConn) copied() uint64        { return b.from.copied }

func pooledSubject() Subject {
	return Subject{
		Name: "bytebufferpool", Peer: true,
		Note: "no bound: it takes everything that has arrived; returned to the pool whenever it is empty; what the pool keeps is not counted, and the collector may drop it",
		open: func(workload) (subjectFleet, error) { return each(func() conn { return &pooledConn{} }), nil },
	}
}

// pooledConn is a buffer of bytebufferpool, which it holds only while it has bytes.
type pooledConn struct {
	from observed
	in   *bytebufferpool.ByteBuffer
	most int
}

func (b *pooledConn) turn(s *source, c *consumer) error {
	b.from.source = s
	if b.in == nil {
		b.in = bytebufferpool.Get()
	}
	if _, err := b.in.ReadFrom(&b.from); err != errWouldBlock {
		return fmt.Errorf("ReadFrom ended: %w", err)
	}
	b.most = max(b.most, cap(b.in.B))
	used := 0
	switch c.framing {
	case through:
		if err := b.pass(c); err != nil {
			return err
		}
		used = b.in.Len()
	case bulk:
		c.take(b.in.B)
		used = b.in.Len()
	default:
		used = c.parse(b.in.B)
	}
	b.drop(used)
	return nil
}

// pass does the work of a proxy.
func (b *pooledConn) pass(c *consumer) error {
	out := bytebufferpool.Get()
	defer bytebufferpool.Put(out)
	_, _ = out.Write(b.in.B) // never fails
	b.from.copied += uint64(b.in.Len())
	b.most = max(b.most, cap(b.in.B)+cap(out.B))
	_, err := out.WriteTo(c)
	return err
}

// drop consumes n bytes. The rest moves to the front, because a ByteBuffer has no read position. An
// empty buffer goes back with its length unchanged, from which the pool learns which sizes to keep.
func (b *pooledConn) drop(n int) {
	b.from.held -= n
	if n == b.in.Len() {
		bytebufferpool.Put(b.in)
		b.in = nil
		return
	}
	left := copy(b.in.B, b.in.B[n:])
	b.from.copied += uint64(left)
	b.in.B = b.in.B[:left]
	b.from.end -= uintptr(n)
}

func (b *pooledConn) idle() error    { return nil }
func (b *pooledConn) copied() uint64 { return b.from.copied }

func (b *pooledConn) release() error {
	if b.in != nil {
		bytebufferpool.Put(b.in)
		b.in = nil
	}
	return nil
}

func (b *pooledConn) held() (now, most int) {
	if b.in != nil {
		now = cap(b.in.B)
	}
	return now, b.most
}
