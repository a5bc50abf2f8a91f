package evented

import (
	"net"
	"syscall"

	"github.com/edgewise-go/edgewise/sys"
)

// batch moves several datagrams per system call (recvmmsg(2), sendmmsg(2)), and sends them in
// groups.
type batch struct {
	raw      syscall.RawConn
	in       [batchMax]sys.Message
	out      [groupMax][]byte
	sent, n  int // of out
	groups   groups
	grouping grouping

	// The result of a call, which the functions below set. They exist once, so that a call does not
	// allocate them.
	received            int
	receiveErr, sendErr error
	receive, write      func(fd uintptr) bool
}

// newPackets returns a batch if conn has a handle.
func newPackets(conn net.Conn, size int) packets {
	c, ok := conn.(syscall.Conn)
	if !ok {
		return newSingle(conn, size)
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return newSingle(conn, size)
	}
	b := &batch{raw: raw}
	if err := raw.Control(func(fd uintptr) { b.grouping.init(sys.SegmentsDatagrams(sys.Handle(fd))) }); err != nil {
		return newSingle(conn, size)
	}
	memory := make([]byte, batchMax*(size+1))
	for i := range b.in {
		b.in[i].Buffer, memory = memory[:size+1:size+1], memory[size+1:]
	}
	b.receive = func(fd uintptr) bool {
		b.received, b.receiveErr = sys.RecvMessages(sys.Handle(fd), b.in[:])
		return b.receiveErr != sys.ErrWouldBlock
	}
	b.write = func(fd uintptr) bool {
		n, err := sys.SendMessages(sys.Handle(fd), sys.IPv4, b.groups.rest())
		b.sent += b.groups.take(max(n, 0))
		b.sendErr = err
		return err != sys.ErrWouldBlock
	}
	return b
}

func (b *batch) Receive() (int, error) {
	b.received, b.receiveErr = 0, nil
	if err := b.raw.Read(b.receive); err != nil {
		return 0, err
	}
	if b.received == 0 {
		return 0, b.receiveErr
	}
	if b.grouping.probing() {
		for i := range b.received {
			message, _ := b.Datagram(i)
			b.grouping.arrived(message)
		}
	}
	return b.received, nil
}

func (b *batch) Datagram(i int) (message []byte, cut bool) {
	m := &b.in[i]
	return m.Buffer[:m.N], m.Truncated || m.N == len(m.Buffer)
}

func (b *batch) Add(message []byte) bool {
	if b.n == groupMax {
		return false
	}
	b.out[b.n] = message
	b.n++
	return true
}

func (b *batch) Send() error {
	for b.sent < b.n {
		if b.groups.done() {
			b.groups.make(b.out[b.sent:b.n], &b.grouping)
		}
		b.sendErr = nil
		if err := b.raw.Write(b.write); err != nil {
			b.reset()
			return err
		}
		switch {
		case b.sendErr == nil:
		case b.groups.grouped() && b.sendErr != syscall.ECONNREFUSED:
			// The datagrams of the group follow as single ones, and meet the error if it is theirs.
			b.grouping.failed()
			b.groups.reset()
		default:
			return b.sendErr
		}
	}
	b.reset()
	return nil
}

// Skip leaves out one datagram, even if it was in a group.
func (b *batch) Skip() {
	b.sent++
	b.groups.reset()
}

func (b *batch) reset() {
	clear(b.out[:b.n])
	b.sent, b.n = 0, 0
	b.groups.reset()
}
