package compare

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"

	"github.com/edgewise-go/edgewise/bench/internal/program"
)

// The loads are loops on raw system calls, so that the load takes little of its processor and sends
// when it is due. They spin: a sleep would add the delay of a wake-up to each latency.

const (
	eventsMax = 256
	// grace bounds how long outstanding messages may take after the end.
	grace = 10 * time.Second
)

// driver is what the loads share.
type driver struct {
	*load
	server unix.SockaddrInet4
	poll   int
	events [eventsMax]unix.EpollEvent
	took   []time.Duration // of messages that came back in time
	began  time.Time
	over   bool
	buffer []byte // to read into and to send from
}

// drive loads the server, and returns the time of each message and their number.
func (l *load) drive(addr netip.AddrPort) ([]time.Duration, float64, error) {
	d := &driver{load: l, server: unix.SockaddrInet4{Port: int(addr.Port()), Addr: addr.Addr().As4()}, buffer: make([]byte, max(l.size, 64<<10))}
	var err error
	if d.poll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return nil, 0, err
	}
	switch kind(l.kind) {
	case paced:
		err = d.pace()
	case churn:
		err = d.churn()
	default:
		messages, err := d.flood()
		return nil, messages, err
	}
	return d.took, float64(len(d.took)), err
}

// begin marks the start of the load.
func (d *driver) begin() {
	phase(program.Begun)
	d.began = time.Now()
}

// passed returns the time since the start. It ends the load when its time is over.
func (d *driver) passed() (time.Duration, error) {
	t := time.Since(d.began)
	if t >= d.duration && !d.over {
		d.over = true
		phase(program.Over)
	}
	if t > d.duration+grace {
		return t, fmt.Errorf("messages have not come back %v after the last was sent", grace)
	}
	return t, nil
}

// ready returns the reported events. It does not wait.
func (d *driver) ready() ([]unix.EpollEvent, error) {
	n, err := unix.EpollWait(d.poll, d.events[:], 0)
	if err == unix.EINTR {
		return nil, nil
	}
	return d.events[:max(0, n)], err
}

// socket makes a socket that does not block once connected, and watches it.
func (d *driver) socket(slot int, from [4]byte) (int, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	err = errors.Join(
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1),
		// The port is chosen by connect, per pair of addresses (ip(7)).
		unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1),
		unix.Bind(fd, &unix.SockaddrInet4{Addr: from}),
	)
	if err == nil {
		if err = unix.Connect(fd, &d.server); err == unix.EINPROGRESS {
			err = nil
		}
	}
	if err == nil {
		e := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET, Fd: int32(slot)}
		err = unix.EpollCtl(d.poll, unix.EPOLL_CTL_ADD, fd, &e)
	}
	if err != nil {
		unix.Close(fd)
		return -1, fmt.Errorf("connecting: %w", err)
	}
	return fd, nil
}

// connectAll makes all connections and waits for them.
func (d *driver) connectAll() ([]int, error) {
	fds := make([]int, d.conns)
	for i := range fds {
		var err error
		if fds[i], err = d.socket(i, loopback(0)); err != nil {
			return nil, err
		}
		// One by one, so that no backlog overflows.
		for made := false; !made; {
			events, err := d.ready()
			if err != nil {
				return nil, err
			}
			for _, e := range events {
				if e.Events&(unix.EPOLLERR|unix.EPOLLHUP) != 0 {
					return nil, refusal(fds[e.Fd])
				}
				made = made || int(e.Fd) == i
			}
		}
	}
	return fds, nil
}

// refusal returns the error of a socket.
func refusal(fd int) error {
	n, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err == nil && n == 0 {
		return errors.New("the server closed a connection")
	}
	return errors.Join(err, unix.Errno(n))
}

// loopback returns an address of this machine. Several of them have more free ports than one.
func loopback(n int) [4]byte { return [4]byte{127, 0, 0, byte(1 + n%64)} }

// stamp makes message number n in p.
func stamp(p []byte, n uint64) { binary.LittleEndian.PutUint64(p, n) }

// put sends a message, which fits unless the server has not read for long.
func put(fd int, message []byte) error {
	n, err := unix.Write(fd, message)
	if err == nil && n < len(message) {
		err = io.ErrShortWrite
	}
	return err
}

// check compares a message that came back with the one that was sent.
func check(got []byte, n uint64) error {
	var want [stampBytes]byte
	stamp(want[:], n)
	if !bytes.Equal(got[:stampBytes], want[:]) {
		return fmt.Errorf("message %d came back as %d", n, binary.LittleEndian.Uint64(got))
	}
	return nil
}
