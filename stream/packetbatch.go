package stream

import "github.com/edgewise-go/edgewise/sys"

// ReadBatch receives at least one datagram into the first elements of ms, at most [MaxBatch], and
// returns how many. It suspends the caller until a datagram arrives, the read deadline passes or
// the connection is closed. If ms is empty, it receives nothing and does not wait.
//
// Truncated marks datagrams that were cut; they cause no error. A Message with Control also
// receives control messages. If an error comes with received datagrams, the caller handles the
// datagrams first.
func (c *PacketConn) ReadBatch(ms []Message) (int, error) {
	n, err := c.readBatch(ms)
	return n, c.opError("read", err)
}

func (c *PacketConn) readBatch(ms []Message) (int, error) {
	if err := c.in.take(c.reg); err != nil {
		return 0, err
	}
	defer c.in.give()
	if len(ms) == 0 {
		return 0, c.open()
	}
	for {
		if c.in.expired() {
			return 0, c.late()
		}
		n, err := c.sock.TryReadBatch(ms)
		if err != sys.ErrWouldBlock {
			return n, err
		}
		if err := c.in.wait(&c.sock, c.reg, sys.Readable); err != nil {
			return 0, err
		}
	}
}

// WriteBatch sends all of ms, each as Write or WriteTo does and with its control messages, in as
// few calls as the system allows. It suspends the caller while the kernel has no room, and returns
// how many it sent.
//
// An error with n sent datagrams concerns ms[n], which was not sent, or is the network's answer to
// an earlier datagram. An answer to a datagram of the same batch may be lost.
func (c *PacketConn) WriteBatch(ms []Message) (int, error) {
	n, err := c.writeBatch(ms)
	if err != nil && n < len(ms) {
		return n, c.opErrorTo("write", addrOf(&ms[n]), err)
	}
	return n, c.opError("write", err)
}

func (c *PacketConn) writeBatch(ms []Message) (int, error) {
	if err := c.out.take(c.reg); err != nil {
		return 0, err
	}
	defer c.out.give()
	if err := c.open(); err != nil {
		return 0, err
	}
	sent := 0
	for sent < len(ms) {
		if c.out.expired() {
			return sent, c.late()
		}
		n, err := c.tryWriteBatch(ms[sent:])
		sent += n
		if n > 0 {
			c.out.progressed()
		}
		switch {
		case err == sys.ErrWouldBlock:
			err = c.out.wait(&c.sock, c.reg, sys.Writable)
		case err == nil && sent < len(ms):
			err = yieldIfSpent(c.reg)
		}
		if err != nil {
			return sent, err
		}
	}
	return sent, nil
}

// tryWriteBatch sends the messages before the first one that allows refuses. It returns that
// refusal only if it concerns the first message.
func (c *PacketConn) tryWriteBatch(ms []Message) (int, error) {
	ms = ms[:min(len(ms), MaxBatch)]
	for i := range ms {
		err := c.allows(&ms[i])
		if err != nil && i == 0 {
			return 0, err
		}
		if err != nil {
			ms = ms[:i]
			break
		}
	}
	return c.sock.TryWriteBatch(ms)
}

// TryReadBatch receives what has arrived and never waits; see [Socket.TryReadBatch]. It ignores the
// deadlines. It returns [ErrBusy] while another call reads.
func (c *PacketConn) TryReadBatch(ms []Message) (int, error) {
	if !c.in.turn.Try() {
		return 0, c.opError("read", ErrBusy)
	}
	defer c.in.give()
	n, err := c.sock.TryReadBatch(ms)
	c.in.tried(err)
	return n, c.opError("read", err)
}

// TryWriteBatch sends what the kernel has room for and never waits; see [Socket.TryWriteBatch]. It
// ignores the deadlines. It returns [ErrBusy] while another call writes.
func (c *PacketConn) TryWriteBatch(ms []Message) (int, error) {
	if !c.out.turn.Try() {
		return 0, c.opError("write", ErrBusy)
	}
	defer c.out.give()
	if err := c.open(); err != nil {
		return 0, c.opError("write", err)
	}
	n, err := c.tryWriteBatch(ms)
	c.out.tried(err)
	return n, c.opError("write", err)
}

// WaitRead suspends the caller until TryReadBatch is worth calling, the read deadline passes or the
// connection is closed. The caller must first read until reading would block: no event may report
// datagrams that arrived before.
func (c *PacketConn) WaitRead() error { return c.opError("read", c.waitSide(&c.in, sys.Readable)) }

// WaitWrite suspends the caller until TryWriteBatch is worth calling, the write deadline passes or
// the connection is closed.
func (c *PacketConn) WaitWrite() error { return c.opError("write", c.waitSide(&c.out, sys.Writable)) }
