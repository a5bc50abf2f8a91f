package compare

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// pacedConn is a connection on which messages leave at a rate.
type pacedConn struct {
	fd     int
	queued []due  // the messages in flight, oldest first
	got    []byte // of the oldest
}

// due is a message in flight. Its latency counts from when it had to leave: a load that is late
// because the server was slow must not hide that.
type due struct {
	number uint64
	at     time.Duration
}

func (d *driver) pace() error {
	fds, err := d.connectAll()
	if err != nil {
		return err
	}
	conns := make([]pacedConn, len(fds))
	for i, fd := range fds {
		conns[i] = pacedConn{fd: fd, got: make([]byte, 0, d.size)}
	}
	interval := time.Second / time.Duration(d.rate)
	message := make([]byte, d.size)
	sent, back := uint64(0), uint64(0)
	d.took = make([]time.Duration, 0, int(d.duration/interval)+1)
	for d.begin(); !d.over || back < sent; {
		now, err := d.passed()
		if err != nil {
			return err
		}
		for !d.over && time.Duration(sent)*interval <= now {
			c := &conns[sent%uint64(len(conns))]
			stamp(message, sent)
			// A message of this size fits, or the server has not read for very long.
			if err := put(c.fd, message); err != nil {
				return fmt.Errorf("message %d: %w", sent, err)
			}
			c.queued = append(c.queued, due{sent, time.Duration(sent) * interval})
			sent++
		}
		events, err := d.ready()
		if err != nil {
			return err
		}
		for _, e := range events {
			n, err := d.receive(&conns[e.Fd])
			if err != nil {
				return err
			}
			back += n
		}
	}
	return nil
}

// receive reads what came back on c, and returns the number of whole messages.
func (d *driver) receive(c *pacedConn) (uint64, error) {
	whole := uint64(0)
	for {
		n, err := unix.Read(c.fd, d.buffer)
		switch {
		case err == unix.EAGAIN:
			return whole, nil
		case err != nil:
			return whole, err
		case n == 0:
			return whole, errors.New("the server closed a connection")
		}
		now := time.Since(d.began)
		for p := d.buffer[:n]; len(p) > 0; {
			if len(c.queued) == 0 {
				return whole, fmt.Errorf("%d bytes more than were sent", len(p))
			}
			k := min(len(p), d.size-len(c.got))
			c.got = append(c.got, p[:k]...)
			p = p[k:]
			if len(c.got) < d.size {
				break
			}
			m := c.queued[0]
			if err := check(c.got, m.number); err != nil {
				return whole, err
			}
			c.got, c.queued = c.got[:0], c.queued[1:]
			if whole++; !d.over {
				d.took = append(d.took, now-m.at)
			}
		}
	}
}
