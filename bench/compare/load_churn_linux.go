package compare

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// visit is a connection that sends one message and ends when it is back.
type visit struct {
	fd     int
	number uint64
	from   time.Duration // when the connect began
	sent   bool
}

func (d *driver) churn() error {
	visits := make([]visit, d.conns)
	message := make([]byte, d.size)
	number := uint64(0)
	start := func(slot int, now time.Duration) (err error) {
		visits[slot] = visit{number: number, from: now}
		visits[slot].fd, err = d.socket(slot, loopback(int(number%1024)))
		number++
		return err
	}
	d.begin()
	for slot := range visits {
		if err := start(slot, time.Since(d.began)); err != nil {
			return err
		}
	}
	for open := len(visits); open > 0; {
		events, err := d.ready()
		if err != nil {
			return err
		}
		now, err := d.passed()
		if err != nil {
			return err
		}
		for _, e := range events {
			v := &visits[e.Fd]
			done, err := d.step(v, e.Events, message)
			if err != nil {
				return fmt.Errorf("connection %d: %w", v.number, err)
			}
			if !done {
				continue
			}
			if err := unix.Close(v.fd); err != nil {
				return err
			}
			if d.over {
				open--
				continue
			}
			d.took = append(d.took, now-v.from)
			if err := start(int(e.Fd), now); err != nil {
				return err
			}
		}
	}
	return nil
}

// step sends the message of v once it is connected, and reports whether the message is back.
func (d *driver) step(v *visit, events uint32, message []byte) (bool, error) {
	if events&(unix.EPOLLERR|unix.EPOLLHUP) != 0 {
		return false, refusal(v.fd)
	}
	if !v.sent && events&unix.EPOLLOUT != 0 {
		v.sent = true
		stamp(message, v.number)
		if err := put(v.fd, message); err != nil {
			return false, err
		}
	}
	n, err := unix.Read(v.fd, d.buffer[:d.size])
	switch {
	case err == unix.EAGAIN:
		return false, nil
	case err != nil:
		return false, err
	case n == 0:
		return false, errors.New("the server closed it")
	case n < d.size:
		return false, fmt.Errorf("a message of %d bytes came back in parts: %d", d.size, n)
	}
	return true, check(d.buffer, v.number)
}
