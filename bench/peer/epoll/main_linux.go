// Command epoll is an echo server on raw system calls, written by hand as the yardstick in C is:
// one loop, native edges, two system calls per message and one per batch. bench compares with it to
// show what Go itself costs. It listens on a free port of 127.0.0.1 and prints the address.
package main

import (
	"fmt"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"

	"github.com/edgewise-go/edgewise/bench/internal/peerflag"
)

const (
	eventsMax   = 256
	bufferBytes = 64 << 10
	backlog     = 4096
)

// conn is a connection.
type conn struct {
	fd      int
	ended   bool   // a hang-up was reported, so that a short read need not be the last
	pending []byte // not yet taken by the socket
}

// server is the loop.
type server struct {
	poll, listener int
	sink           bool
	conns          []*conn // by descriptor
	buffer         []byte
}

func main() {
	s := &server{sink: peerflag.Parse(), buffer: make([]byte, bufferBytes)}
	fmt.Fprintln(os.Stderr, "epoll:", s.serve())
	os.Exit(1)
}

// listen makes the listener and returns its address.
func (s *server) listen() (addr netip.AddrPort, err error) {
	if s.listener, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0); err != nil {
		return addr, err
	}
	ip := [4]byte{127, 0, 0, 1}
	if err := unix.Bind(s.listener, &unix.SockaddrInet4{Addr: ip}); err != nil {
		return addr, err
	}
	if err := unix.Listen(s.listener, backlog); err != nil {
		return addr, err
	}
	name, err := unix.Getsockname(s.listener)
	if err != nil {
		return addr, err
	}
	return netip.AddrPortFrom(netip.AddrFrom4(ip), uint16(name.(*unix.SockaddrInet4).Port)), nil
}

// serve serves until something fails.
func (s *server) serve() error {
	addr, err := s.listen()
	if err != nil {
		return err
	}
	if s.poll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return err
	}
	if err := unix.EpollCtl(s.poll, unix.EPOLL_CTL_ADD, s.listener, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(s.listener)}); err != nil {
		return err
	}
	fmt.Printf("listening on %v\n", addr)
	events := make([]unix.EpollEvent, eventsMax)
	for {
		n, err := unix.EpollWait(s.poll, events, -1)
		if err != nil && err != unix.EINTR {
			return err
		}
		for _, e := range events[:max(0, n)] {
			if int(e.Fd) == s.listener {
				if err := s.welcome(); err != nil {
					return err
				}
			} else if c := s.conns[e.Fd]; !s.move(c, e.Events) {
				s.conns[e.Fd] = nil
				unix.Close(c.fd)
			}
		}
	}
}

// welcome accepts all connections that wait.
func (s *server) welcome() error {
	for {
		fd, _, err := unix.Accept4(s.listener, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		if err == unix.EAGAIN || err == unix.ECONNABORTED {
			return nil
		}
		if err != nil {
			return err
		}
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
			return err
		}
		for len(s.conns) <= fd {
			s.conns = append(s.conns, nil)
		}
		s.conns[fd] = &conn{fd: fd}
		e := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET, Fd: int32(fd)}
		if err := unix.EpollCtl(s.poll, unix.EPOLL_CTL_ADD, fd, &e); err != nil {
			return err
		}
	}
}

// move reads and writes until the socket would block. It reports false when the connection has
// ended.
func (s *server) move(c *conn, events uint32) bool {
	if events&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
		c.ended = true
	}
	for {
		for len(c.pending) > 0 {
			n, err := unix.Write(c.fd, c.pending)
			if err != nil {
				return err == unix.EAGAIN
			}
			c.pending = c.pending[n:]
		}
		n, err := unix.Read(c.fd, s.buffer)
		if err != nil {
			return err == unix.EAGAIN
		}
		if n == 0 {
			return false
		}
		if !s.sink {
			w, err := unix.Write(c.fd, s.buffer[:n])
			if err != nil && err != unix.EAGAIN {
				return false
			}
			if w = max(0, w); w < n {
				c.pending = append([]byte(nil), s.buffer[w:n]...)
				continue
			}
		}
		if n < bufferBytes && !c.ended {
			return true
		}
	}
}
