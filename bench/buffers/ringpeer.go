package buffers

import "github.com/smallnest/ringbuffer"

// ringFleet is the rings of a loop and its two arrays. The loop reads into one and copies messages
// into the other, because a ring cannot show them in place.
type ringFleet struct {
	w       workload
	scratch []byte
	message []byte
}

func ringSubject() Subject {
	return Subject{
		Name: "ringbuffer", Peer: true,
		Note: "smallnest's, from which gnet's is derived; reads go to an array of the loop and from there into the ring; no view: messages are copied out; a lock per call",
		open: func(w workload) (subjectFleet, error) {
			return &ringFleet{w: w, scratch: make([]byte, w.limit), message: make([]byte, max(w.limit, w.most))}, nil
		},
	}
}

func (f *ringFleet) connect() (conn, error) {
	b := &ringConn{fleet: f, in: ringbuffer.New(f.w.limit)}
	if f.w.framing == through {
		b.out = ringbuffer.New(f.w.limit)
	}
	return b, nil
}

func (f *ringFleet) memory(sum int) int { return sum + len(f.scratch) + len(f.message) }

// ringConn is a ring, or the two of a proxy.
type ringConn struct {
	fleet   *ringFleet
	in, out *ringbuffer.RingBuffer
	moved   uint64
}

func (b *ringConn) turn(s *source, c *consumer) error {
	for {
		n, err := s.Read(b.fleet.scratch[:b.in.Free()])
		if err == errWouldBlock {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := b.in.Write(b.fleet.scratch[:n]); err != nil {
			return err
		}
		b.moved += uint64(n)
		if err := b.consume(c); err != nil {
			return err
		}
	}
}

func (b *ringConn) consume(c *consumer) error {
	switch c.framing {
	case bulk:
		return b.read(b.in, b.in.Length(), c)
	case through:
		n, err := b.in.Read(b.fleet.message)
		if err != nil {
			return err
		}
		if _, err := b.out.Write(b.fleet.message[:n]); err != nil {
			return err
		}
		b.moved += 2 * uint64(n)
		return b.read(b.out, n, c)
	}
	header := c.header()
	for b.in.Length() >= header {
		n := header
		if c.framing != single {
			head := b.fleet.message[:header]
			if _, err := b.in.Peek(head); err != nil {
				return err
			}
			b.moved += uint64(header)
			if n = c.length(head); b.in.Length() < n {
				return nil
			}
		}
		if err := b.read(b.in, n, c); err != nil {
			return err
		}
	}
	return nil
}

// read copies n bytes out of the ring for the consumer.
func (b *ringConn) read(from *ringbuffer.RingBuffer, n int, c *consumer) error {
	n, err := from.Read(b.fleet.message[:n])
	if err != nil {
		return err
	}
	b.moved += uint64(n)
	c.take(b.fleet.message[:n])
	return nil
}

func (b *ringConn) idle() error    { return nil }
func (b *ringConn) release() error { b.in, b.out = nil, nil; return nil }
func (b *ringConn) copied() uint64 { return b.moved }

func (b *ringConn) held() (now, most int) {
	n := 0
	for _, r := range []*ringbuffer.RingBuffer{b.in, b.out} {
		if r != nil {
			n += r.Capacity()
		}
	}
	return n, n
}
