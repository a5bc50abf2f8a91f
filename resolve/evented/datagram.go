package evented

import (
	"errors"
	"net"
	"syscall"

	"github.com/edgewise-go/edgewise/resolve"
	"github.com/edgewise-go/edgewise/resolve/stub"
)

// datagrams is a connected UDP socket. The sender calls send, flush and close.
type datagrams struct {
	r       *Resolver
	link    *stub.Link
	conn    net.Conn
	packets packets
	added   bool // to r.unsent
}

// openDatagram connects a socket. It returns nil if that fails.
func (r *Resolver) openDatagram(l *stub.Link) transport {
	conn, err := r.dial(r.ctx, "udp", l.Addr().String())
	if err != nil {
		r.failed(l, err)
		return nil
	}
	// The kernel grants what it allows. The window of the link does not depend on it.
	if b, ok := conn.(interface{ SetReadBuffer(int) error }); ok {
		_ = b.SetReadBuffer(readBuffer)
	}
	d := &datagrams{r: r, link: l, conn: conn, packets: newPackets(conn, &r.shared)}
	r.goroutines.Go(d.receive)
	return d
}

// send collects messages for flush.
func (d *datagrams) send(message []byte) {
	if !d.packets.Add(message) {
		d.flush()
		d.packets.Add(message)
	}
	if !d.added {
		d.added = true
		d.r.unsent = append(d.r.unsent, d)
	}
}

// flush sends what send has collected.
func (d *datagrams) flush() {
	for pending := false; ; {
		err := d.packets.Send()
		switch {
		case err == nil, errors.Is(err, net.ErrClosed):
			return
		case errors.Is(err, syscall.ECONNREFUSED) && !pending:
			// The kernel reports an ICMP message about an earlier datagram, and has sent nothing.
			pending = true
		default:
			d.packets.Drop()
			pending = false
		}
		d.refused(err)
	}
}

func (d *datagrams) close() { _ = d.conn.Close() }

func (d *datagrams) refused(err error) {
	d.r.mu.Lock()
	d.r.core.Refused(d.link, err, d.r.now())
	d.r.unlock(nil)
}

// errorsMax bounds the consecutive errors of a socket that is still read.
const errorsMax = 16

// receive gives the core what the socket receives, until it is closed.
func (d *datagrams) receive() {
	var done []*resolve.Query
	for failures := 0; ; {
		n, err := d.packets.Receive()
		if err != nil {
			if errors.Is(err, net.ErrClosed) || d.r.ctx.Err() != nil {
				return
			}
			if failures++; failures > errorsMax {
				d.r.failed(d.link, err)
				return
			}
			d.refused(err)
			continue
		}
		failures = 0
		d.r.mu.Lock()
		now := d.r.now()
		for i := range n {
			message, cut := d.packets.Datagram(i)
			d.r.core.Datagram(d.link, message, cut, now)
		}
		d.packets.Release()
		done = d.r.unlock(done)
	}
}
