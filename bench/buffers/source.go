package buffers

import (
	"bytes"
	"fmt"
	"unsafe"

	"github.com/edgewise-go/edgewise/bufstrategy"
)

// errWouldBlock is the error of a source between arrivals.
var errWouldBlock error = wouldBlock{}

type wouldBlock struct{}

func (wouldBlock) Error() string    { return "nothing has arrived" }
func (wouldBlock) WouldBlock() bool { return true }

var _ bufstrategy.TryReader = (*source)(nil)

// source is the socket of the connection whose turn it is.
type source struct {
	tape  []byte
	at    int    // position of the next byte in tape
	ready int    // bytes that have arrived and are unread
	calls uint64 // reads, including those that would have blocked
}

// TryReadv reads into segs, as readv(2) does.
func (s *source) TryReadv(segs [][]byte) (int, error) {
	s.calls++
	if s.ready == 0 {
		return 0, errWouldBlock
	}
	n := 0
	for _, p := range segs {
		n += s.read(p)
	}
	return n, nil
}

// Read reads into p, as read(2) does.
func (s *source) Read(p []byte) (int, error) {
	s.calls++
	if s.ready == 0 {
		return 0, errWouldBlock
	}
	return s.read(p), nil
}

func (s *source) read(p []byte) int {
	n := min(len(p), s.ready)
	s.ready -= n
	for p = p[:n]; len(p) > 0; {
		k := copy(p, s.tape[s.at:])
		p = p[k:]
		if s.at += k; s.at == len(s.tape) {
			s.at = 0
		}
	}
	return n
}

// consumer consumes the messages, or is the sink of a proxy.
type consumer struct {
	framing
	tape  []byte
	at    int  // position of the next byte in tape
	whole bool // check every byte instead of only the first and the last of each message

	messages, bytes uint64
	wrong           uint64 // messages that differ from what was sent
}

// take consumes a message, or a segment.
func (c *consumer) take(p []byte) {
	c.messages++
	c.bytes += uint64(len(p))
	for len(p) > 0 {
		want := c.tape[c.at:]
		n := min(len(p), len(want))
		if p[0] != want[0] || p[n-1] != want[n-1] || c.whole && !bytes.Equal(p[:n], want[:n]) {
			c.wrong++
		}
		if c.at += n; c.at == len(c.tape) {
			c.at = 0
		}
		p = p[n:]
	}
}

// parse consumes the complete messages in p, as a handler with a view of all bytes does, and
// returns their length.
func (c *consumer) parse(p []byte) (used int) {
	for header := c.header(); len(p)-used >= header; {
		n := c.length(p[used:])
		if len(p)-used < n {
			break
		}
		c.take(p[used : used+n])
		used += n
	}
	return used
}

// count returns the number of messages consumed.
func (c *consumer) count() uint64 {
	if c.framing == bulk || c.framing == through {
		return c.bytes / bulkSize
	}
	return c.messages
}

// check returns an error if something that was consumed differs from what was sent.
func (c *consumer) check() error {
	if c.wrong > 0 {
		return fmt.Errorf("%d of %d messages differ from what was sent", c.wrong, c.messages)
	}
	return nil
}

// writeMax is the maximum number of bytes that the sink takes per write.
const writeMax = 48 << 10

// TryWritev takes segs, but at most writeMax bytes of them.
func (c *consumer) TryWritev(segs [][]byte) (int, error) {
	total := 0
	for _, s := range segs {
		s = s[:min(len(s), writeMax-total)]
		c.take(s)
		if total += len(s); total == writeMax {
			break
		}
	}
	return total, nil
}

// Write takes all of p, in as many writes as that takes, as net.Conn does.
func (c *consumer) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		n := min(len(rest), writeMax)
		c.take(rest[:n])
		rest = rest[n:]
	}
	return len(p), nil
}

// observed is the source that a buffer of another package reads. Such a buffer does not report what
// it copies. If a read does not continue where the last one ended, the buffer must have moved the
// bytes that it holds, and observed counts them.
type observed struct {
	*source
	end    uintptr // end of the last read: a number, so that it keeps no memory alive
	held   int     // bytes read, less those that the adapter reports as consumed
	copied uint64
	jumped bool // the last read did not continue where the previous one ended
}

// Read reads into p.
func (o *observed) Read(p []byte) (int, error) {
	n, err := o.source.Read(p)
	if err != nil {
		return n, err
	}
	start := uintptr(unsafe.Pointer(unsafe.SliceData(p)))
	if o.jumped = start != o.end; o.jumped {
		o.copied += uint64(o.held)
	}
	o.end = start + uintptr(n)
	o.held += n
	return n, err
}
