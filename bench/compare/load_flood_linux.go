package compare

import (
	"errors"

	"golang.org/x/sys/unix"
)

// flood sends as much as the server takes, and returns the number of messages. What the kernel of
// the server has not acknowledged does not count.
func (d *driver) flood() (float64, error) {
	fds, err := d.connectAll()
	if err != nil {
		return 0, err
	}
	full := make([]bool, len(fds))
	var total int
	for d.begin(); !d.over; {
		for i, fd := range fds {
			if full[i] {
				continue
			}
			n, err := unix.Write(fd, d.buffer[:d.size])
			if full[i] = err == unix.EAGAIN; err != nil && !full[i] {
				return 0, err
			}
			total += max(0, n)
		}
		events, err := d.ready()
		if err != nil {
			return 0, err
		}
		for _, e := range events {
			if e.Events&unix.EPOLLIN != 0 {
				return 0, errors.New("the server sent something back, or closed a connection")
			}
			full[e.Fd] = full[e.Fd] && e.Events&unix.EPOLLOUT == 0
		}
		if _, err := d.passed(); err != nil {
			return 0, err
		}
	}
	for _, fd := range fds {
		unsent, err := unix.IoctlGetInt(fd, unix.SIOCOUTQ)
		if err != nil {
			return 0, err
		}
		total -= unsent
	}
	return float64(total) / float64(d.size), nil
}
