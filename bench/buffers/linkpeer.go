//go:build (linux || darwin || freebsd || windows) && (amd64 || arm64)

package buffers

import (
	"errors"

	"github.com/cloudwego/netpoll"
)

// The bytes that a read requests from netpoll's buffer: as much as its own reader of an io.Reader
// if little arrives, and more if much does.
const (
	linkSmall = 4 << 10
	linkLarge = 32 << 10
)

// linkSubjects returns the subjects that compile on some systems only.
func linkSubjects() []Subject {
	return []Subject{{
		Name: "netpoll", Peer: true,
		Note: "LinkBuffer; no bound; every read takes a node, from a pool that the collector may drop; its memory is estimated, because it does not report it: a node for each read that holds bytes",
		open: func(w workload) (subjectFleet, error) {
			size := linkSmall
			if w.lumps {
				size = linkLarge
			}
			return each(func() conn { return &linkConn{size: size, in: netpoll.NewLinkBuffer(), out: netpoll.NewLinkBuffer()} }), nil
		},
	}}
}

// linkConn is a LinkBuffer of netpoll, or the two of a proxy.
type linkConn struct {
	from    observed
	in, out *netpoll.LinkBuffer
	size    int
	room    []byte // reserved, not filled yet: MallocAck(0) and Flush would make it readable
	joints  []int  // unread bytes from the end of the last message to the start of each later node
	joined  uint64 // bytes that were copied because they lay in more than one node
	most    int
}

func (b *linkConn) turn(s *source, c *consumer) error {
	b.from.source = s
	for {
		var err error
		if b.room == nil {
			if b.room, err = b.in.Malloc(b.size); err != nil {
				return err
			}
		}
		before := b.in.Len()
		n, err := b.from.Read(b.room)
		if err == errWouldBlock {
			return b.end(c)
		}
		if err != nil {
			return err
		}
		if err := errors.Join(b.in.MallocAck(n), b.in.Flush()); err != nil {
			return err
		}
		b.room = nil
		if b.from.jumped && before > 0 {
			b.joints = append(b.joints, before)
		}
		now, _ := b.held()
		b.most = max(b.most, now)
		if err := b.consume(c); err != nil {
			return err
		}
	}
}

// end gives back a proxy's reserved room by making a new buffer: the old one would hand it over.
func (b *linkConn) end(c *consumer) error {
	if c.framing != through {
		return nil
	}
	b.room = nil
	err := b.in.Close()
	b.in = netpoll.NewLinkBuffer()
	return err
}

func (b *linkConn) consume(c *consumer) error {
	switch c.framing {
	case bulk:
		return b.segments(b.in, c)
	case through:
		if err := errors.Join(b.out.WriteBuffer(b.in), b.out.Flush()); err != nil {
			return err
		}
		b.in = netpoll.NewLinkBuffer() // WriteBuffer has ended the other buffer
		return b.segments(b.out, c)
	}
	header := c.header()
	for b.in.Len() >= header {
		message, err := b.in.Peek(header)
		if err != nil {
			return err
		}
		if n := c.length(message); n > header {
			if b.in.Len() < n {
				return nil
			}
			if message, err = b.in.Peek(n); err != nil {
				return err
			}
		}
		c.take(message)
		if err := errors.Join(b.in.Skip(len(message)), b.in.Release()); err != nil {
			return err
		}
		b.skipped(len(message))
	}
	return nil
}

// segments consumes all bytes as they lie.
func (b *linkConn) segments(from *netpoll.LinkBuffer, c *consumer) error {
	for _, s := range from.GetBytes(nil) {
		c.take(s)
	}
	n := from.Len()
	b.skipped(n)
	return errors.Join(from.Skip(n), from.Release())
}

// skipped counts the message as copied if it lay in more than one node.
func (b *linkConn) skipped(n int) {
	if len(b.joints) > 0 && b.joints[0] < n {
		b.joined += uint64(n)
	}
	left := b.joints[:0]
	for _, at := range b.joints {
		if at > n {
			left = append(left, at-n)
		}
	}
	b.joints = left
}

func (b *linkConn) idle() error {
	return b.in.Release()
}

func (b *linkConn) release() error {
	b.room = nil
	return errors.Join(b.in.Close(), b.out.Close())
}

func (b *linkConn) held() (now, most int) {
	nodes := len(b.joints)
	if b.in.Len() > 0 || b.room != nil {
		nodes++
	}
	return nodes * b.size, b.most
}

func (b *linkConn) copied() uint64 { return b.joined }
