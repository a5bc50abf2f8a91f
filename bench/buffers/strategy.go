package buffers

import (
	"fmt"

	"github.com/edgewise-go/edgewise/bench/internal/fleet"
	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/bufstrategy/adapter"
)

// strategyFleet is the buffers of a strategy of bufstrategy on one loop.
type strategyFleet struct {
	*fleet.Fleet
	w workload
}

func strategySubject(name string) Subject {
	return Subject{Name: name, open: func(w workload) (subjectFleet, error) {
		f, err := openFleet(name, w)
		return &strategyFleet{f, w}, err
	}}
}

func openFleet(name string, w workload) (*fleet.Fleet, error) {
	return fleet.New(name, w.limit, w.segment())
}

func (f *strategyFleet) connect() (conn, error) {
	in, err := f.New(fleet.Input)
	if err != nil {
		return nil, err
	}
	if f.w.framing != through {
		return &strategyConn{in: in}, nil
	}
	out, err := f.New(fleet.Output)
	return &strategyConn{in: in, out: out}, err
}

func (f *strategyFleet) memory(sum int) int { return f.Memory(sum, f.w.framing == through) }

// chainOf returns b as a Chain, or nil if it is not one.
func chainOf(b bufstrategy.Buffer) *bufstrategy.Chain {
	switch b := b.(type) {
	case *bufstrategy.Chain:
		return b
	case *bufstrategy.Kernel:
		return &b.Chain
	}
	return nil
}

// strategyConn is one buffer, or the two of a proxy.
type strategyConn struct{ in, out bufstrategy.Buffer }

func (b *strategyConn) turn(s *source, c *consumer) error {
	for {
		outcome, n, err := bufstrategy.Fill(b.in, s, 0)
		before := b.in.Len()
		if err := b.consume(c); err != nil {
			return err
		}
		switch outcome {
		case bufstrategy.Drained:
			return nil
		case bufstrategy.Full:
			if n == 0 && b.in.Len() == before {
				return fmt.Errorf("the buffer is full but holds no complete message: %w", err)
			}
		default:
			return fmt.Errorf("%v: %w", outcome, err)
		}
	}
}

func (b *strategyConn) consume(c *consumer) error {
	switch c.framing {
	case through:
		return b.handOver(c)
	case bulk:
		for _, s := range b.in.Segments() {
			c.take(s)
		}
		b.in.Discard(b.in.Len())
		return nil
	}
	for {
		segs := b.in.Segments()
		if len(segs) == 0 {
			return nil
		}
		several := len(segs) > 1
		used := c.parse(segs[0])
		b.in.Discard(used)
		if !several {
			return nil
		}
		if whole, err := b.across(c); !whole {
			return err
		}
	}
}

// across takes the first message, which does not lie in one segment. It reports false if the
// message is incomplete.
func (b *strategyConn) across(c *consumer) (whole bool, err error) {
	header := c.header()
	if b.in.Len() < header {
		return false, nil
	}
	head, err := b.in.View(header)
	if err != nil {
		return false, err
	}
	n := c.length(head)
	if b.in.Len() < n {
		return false, nil
	}
	message, err := b.in.View(n)
	if err != nil {
		return false, err
	}
	c.take(message)
	b.in.Discard(n)
	return true, nil
}

// handOver does the work of a proxy.
func (b *strategyConn) handOver(c *consumer) error {
	for b.in.Len() > 0 {
		if in := chainOf(b.in); in != nil {
			chainOf(b.out).MoveFrom(in)
		} else {
			n, err := adapter.Writer{Buffer: b.out}.Write(b.in.Segments()[0])
			b.in.Discard(n)
			if err != nil && n == 0 {
				return err
			}
		}
		if outcome, _, err := bufstrategy.Flush(b.out, c, 0); outcome != bufstrategy.Emptied {
			return fmt.Errorf("%v: %w", outcome, err)
		}
	}
	return nil
}

func (b *strategyConn) idle() error {
	b.in.Trim()
	if b.out != nil {
		b.out.Trim()
	}
	return nil
}

func (b *strategyConn) release() error {
	b.in.Release()
	if b.out != nil {
		b.out.Release()
	}
	return nil
}

func (b *strategyConn) held() (now, most int) {
	s := b.in.Stats()
	if b.out == nil {
		return s.Resident, s.PeakResident
	}
	o := b.out.Stats()
	return s.Resident + o.Resident, s.PeakResident + o.PeakResident
}

// copied counts bytes that pass through a Writer as copied. The buffer itself does not count them.
func (b *strategyConn) copied() uint64 {
	s := b.in.Stats()
	if b.out == nil {
		return s.Copied
	}
	o := b.out.Stats()
	if chainOf(b.in) == nil {
		o.Copied += o.Moved
	}
	return s.Copied + o.Copied
}
