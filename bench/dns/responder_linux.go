package dns

import (
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"runtime"
	"time"
	"unsafe"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/edgewise-go/edgewise/bench/internal/cli"
)

// Bounds of a responder.
const (
	batch        = 64
	messageBytes = 512
	receiveBytes = 16 << 20
	serverNice   = -10
	forgedBatch  = time.Millisecond // between two batches of forged replies
)

// Responder returns the role of the server.
func Responder() *cobra.Command {
	b := &behaviour{}
	cmd := cli.Role(ResponderWord, "DNS server for resolve: one thread, replies at once or after a delay", b.serve)
	b.register(cmd)
	return cmd
}

// mmsghdr is struct mmsghdr of recvmmsg(2).
type mmsghdr struct {
	hdr unix.Msghdr
	len uint32
}

// datagram is a message with its peer.
type datagram struct {
	due  time.Time
	peer unix.RawSockaddrInet4
	n    int
	data [messageBytes]byte
}

// responder answers the queries of one socket. One thread serves it, so that its delays need no
// thread or goroutine per query.
type responder struct {
	behaviour
	fd      int
	headers [batch]mmsghdr
	vectors [batch]unix.Iovec
	in      [batch]datagram
	late    []datagram // replies that are not due yet, in the order in which they become due
	first   int        // of late
	seen    map[string]struct{}
	random  *rand.Rand
	target  datagram // the query that forged replies refer to; n is 0 without one
	forged  time.Time
}

func (b *behaviour) serve(out io.Writer) error {
	if err := b.check(); err != nil {
		return err
	}
	addr, err := netip.ParseAddrPort(b.Addr)
	if err != nil || !addr.Addr().Is4() {
		return cli.Usagef("--addr %s: want an IPv4 address with a port", b.Addr)
	}
	runtime.LockOSThread()
	// On a busy machine, the time in which this process is not scheduled would count as that of the
	// network. An unprivileged process keeps its priority; see setpriority(2).
	_ = unix.Setpriority(unix.PRIO_PROCESS, 0, serverNice)
	fd, streams, addr, err := listen(addr)
	if err != nil {
		return err
	}
	go b.serveStreams(streams)
	fmt.Fprintf(out, "listening on %v\n", addr)
	r := &responder{behaviour: *b, fd: fd, seen: map[string]struct{}{}, random: rand.New(rand.NewPCG(1, 2))}
	for i := range r.headers {
		r.headers[i].hdr.Iov, r.headers[i].hdr.Iovlen = &r.vectors[i], 1
	}
	return r.run()
}

// listenTries bounds the ports that are tried if any port will do.
const listenTries = 10

// listen listens on one port over UDP and TCP. The kernel chooses a port that is free in one of
// them, and it may be in use in the other.
func listen(addr netip.AddrPort) (fd int, streams net.Listener, _ netip.AddrPort, err error) {
	for range listenTries {
		var bound netip.AddrPort
		if fd, bound, err = bindUDP(addr); err != nil {
			break
		}
		if streams, err = net.Listen("tcp4", bound.String()); err == nil {
			return fd, streams, bound, nil
		}
		unix.Close(fd)
		if addr.Port() != 0 {
			break
		}
	}
	return 0, nil, addr, err
}

func bindUDP(addr netip.AddrPort) (int, netip.AddrPort, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, addr, fmt.Errorf("socket: %w", err)
	}
	// Only a privileged process may exceed net.core.rmem_max; see socket(7).
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, receiveBytes) != nil {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, receiveBytes)
	}
	if err := unix.Bind(fd, &unix.SockaddrInet4{Port: int(addr.Port()), Addr: addr.Addr().As4()}); err != nil {
		unix.Close(fd)
		return 0, addr, fmt.Errorf("bind %v: %w", addr, err)
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		unix.Close(fd)
		return 0, addr, fmt.Errorf("getsockname: %w", err)
	}
	return fd, netip.AddrPortFrom(addr.Addr(), uint16(name.(*unix.SockaddrInet4).Port)), nil
}

func (r *responder) run() error {
	for {
		if err := r.wait(); err != nil {
			return err
		}
		n, err := r.receive()
		if err != nil {
			return err
		}
		now := time.Now()
		ready := 0
		for i := range n {
			if d := &r.in[i]; r.answer(d) {
				if r.Delay > 0 {
					d.due = now.Add(r.Delay)
					r.late = append(r.late, *d)
					continue
				}
				if i != ready {
					r.in[ready] = *d
				}
				ready++
			}
		}
		r.send(r.in[:ready])
		r.sendDue(now)
		r.forge(now)
	}
}

// wait waits for a datagram, and no longer than until something must be sent. It does not wait if
// the next system call may block instead.
func (r *responder) wait() error {
	d, timed := time.Duration(0), false
	if r.first < len(r.late) {
		d, timed = time.Until(r.late[r.first].due), true
	}
	if r.Forged > 0 && r.target.n > 0 {
		if next := time.Until(r.forged.Add(forgedBatch)); !timed || next < d {
			d, timed = next, true
		}
	}
	var timeout *unix.Timespec
	if timed {
		t := unix.NsecToTimespec(int64(max(0, d)))
		timeout = &t
	} else if r.Delay == 0 && r.Forged == 0 {
		return nil
	}
	_, err := unix.Ppoll([]unix.PollFd{{Fd: int32(r.fd), Events: unix.POLLIN}}, timeout, nil)
	if err != nil && err != unix.EINTR {
		return fmt.Errorf("ppoll: %w", err)
	}
	return nil
}

// receive returns the number of datagrams in r.in. It blocks for the first one if wait has not
// waited.
func (r *responder) receive() (int, error) {
	flags := unix.MSG_WAITFORONE
	if r.Delay > 0 || r.Forged > 0 {
		flags = unix.MSG_DONTWAIT
	}
	for i := range r.in {
		d := &r.in[i]
		r.point(i, d, messageBytes)
	}
	n, _, errno := unix.Syscall6(unix.SYS_RECVMMSG, uintptr(r.fd), uintptr(unsafe.Pointer(&r.headers)), batch, uintptr(flags), 0, 0)
	switch errno {
	case 0:
	case unix.EINTR, unix.EAGAIN:
		return 0, nil
	default:
		return 0, fmt.Errorf("recvmmsg: %w", errno)
	}
	for i := range int(n) {
		r.in[i].n = int(r.headers[i].len)
	}
	return int(n), nil
}

// point makes the i-th header refer to d.
func (r *responder) point(i int, d *datagram, n int) {
	h := &r.headers[i].hdr
	h.Name, h.Namelen = (*byte)(unsafe.Pointer(&d.peer)), unix.SizeofSockaddrInet4
	r.vectors[i].Base = &d.data[0]
	r.vectors[i].SetLen(n)
}

// answer makes d the reply to itself. It returns false if d gets none.
func (r *responder) answer(d *datagram) bool {
	end := questionEnd(d.data[:d.n])
	if end == 0 {
		return false
	}
	if r.Forged > 0 {
		r.target = *d
	}
	if r.LoseFirst {
		name := string(d.data[headerBytes:end])
		if _, ok := r.seen[name]; !ok {
			r.seen[name] = struct{}{}
			return false
		}
	}
	if r.Loss > 0 && r.random.Float64() < r.Loss {
		return false
	}
	d.n = reply(d.data[:], d.n, r.TTL, rightAddr)
	return d.n > 0
}

// send sends datagrams. What the peer cannot hold is lost, as on a network.
func (r *responder) send(all []datagram) {
	for len(all) > 0 {
		n := min(len(all), batch)
		for i := range n {
			r.point(i, &all[i], all[i].n)
		}
		sent, _, errno := unix.Syscall6(unix.SYS_SENDMMSG, uintptr(r.fd), uintptr(unsafe.Pointer(&r.headers)), uintptr(n), 0, 0, 0)
		if errno != 0 {
			sent = 1 // sendmmsg(2) fails only at its first message
		}
		all = all[sent:]
	}
}

func (r *responder) sendDue(now time.Time) {
	from := r.first
	for r.first < len(r.late) && !r.late[r.first].due.After(now) {
		r.first++
	}
	r.send(r.late[from:r.first])
	if r.first == len(r.late) {
		r.late, r.first = r.late[:0], 0
	} else if r.first > len(r.late)/2 && r.first > batch {
		r.late, r.first = r.late[:copy(r.late, r.late[r.first:])], 0
	}
}

// forge sends replies to the last query, from the address of the server. Their IDs are guesses that
// miss: the forger does not know the ID, and one that knew it would be no forger to defend against.
func (r *responder) forge(now time.Time) {
	if r.Forged == 0 || r.target.n == 0 || now.Sub(r.forged) < forgedBatch {
		return
	}
	if r.forged.IsZero() {
		r.forged = now
		return
	}
	due := min(float64(r.Forged)*now.Sub(r.forged).Seconds(), batch)
	r.forged = now
	id := binary.BigEndian.Uint16(r.target.data[:])
	var fakes [batch]datagram
	for i := range int(due) {
		fakes[i] = r.target
		fakes[i].n = reply(fakes[i].data[:], r.target.n, r.TTL, wrongAddr)
		binary.BigEndian.PutUint16(fakes[i].data[:], id+1+uint16(r.random.IntN(1<<16-1)))
	}
	r.send(fakes[:int(due)])
}

// serveStreams answers queries over TCP. Only a resolver that suspects a forger, or whose datagrams
// are lost, asks this way.
func (b *behaviour) serveStreams(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			var buf [2 + messageBytes]byte
			for {
				if _, err := io.ReadFull(c, buf[:2]); err != nil {
					return
				}
				n := int(binary.BigEndian.Uint16(buf[:]))
				if n > messageBytes {
					return
				}
				if _, err := io.ReadFull(c, buf[2:2+n]); err != nil {
					return
				}
				n = reply(buf[2:], n, b.TTL, rightAddr)
				binary.BigEndian.PutUint16(buf[:], uint16(n))
				time.Sleep(b.Delay)
				if _, err := c.Write(buf[:2+n]); err != nil {
					return
				}
			}
		}()
	}
}
