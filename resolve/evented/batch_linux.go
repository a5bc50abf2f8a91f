package evented

import (
	"net"
	"sync"
	"syscall"

	"github.com/edgewise-go/edgewise/sys"
)

// batch moves several datagrams per system call (recvmmsg(2), sendmmsg(2)), and sends them in
// groups.
type batch struct {
	raw      syscall.RawConn
	shared   *shared
	in       *incoming // nil after Release
	out      [groupMax][]byte
	sent, n  int // of out
	groups   *groups
	grouping grouping

	// The result of a call, which the functions below set. They exist once, so that a call does not
	// allocate them.
	received            int
	receiveErr, sendErr error
	receive, write      func(fd uintptr) bool
}

// shared is what the sockets of a resolver share. Idle sockets need no memory then, and busy ones
// use memory that is in a processor's cache.
type shared struct {
	size     int
	incoming sync.Pool // of *incoming: as many as sockets receive at the same time
	groups   groups    // the sender serves one socket after the other
}

// incoming is the memory of one call of recvmmsg(2).
type incoming [batchMax]sys.Message

// init prepares s for datagrams of at most size bytes.
func (s *shared) init(size int) {
	s.size = size
	s.incoming.New = func() any {
		in := new(incoming)
		memory := make([]byte, batchMax*(size+1))
		for i := range in {
			in[i].Buffer, memory = memory[:size+1:size+1], memory[size+1:]
		}
		return in
	}
}

// newPackets returns a batch if conn has a handle.
func newPackets(conn net.Conn, s *shared) packets {
	c, ok := conn.(syscall.Conn)
	if !ok {
		return newSingle(conn, s.size)
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return newSingle(conn, s.size)
	}
	b := &batch{raw: raw, shared: s, groups: &s.groups}
	if err := raw.Control(func(fd uintptr) { b.grouping.init(sys.SegmentsDatagrams(sys.Handle(fd))) }); err != nil {
		return newSingle(conn, s.size)
	}
	b.receive = func(fd uintptr) bool {
		b.in = s.incoming.Get().(*incoming)
		b.received, b.receiveErr = sys.RecvConnected(sys.Handle(fd), b.in[:])
		if b.received == 0 {
			b.Release()
		}
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

func (b *batch) Release() {
	if b.in != nil {
		b.shared.incoming.Put(b.in)
		b.in = nil
	}
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

// Drop leaves out one datagram, even if it was in a group.
func (b *batch) Drop() {
	b.sent++
	b.groups.reset()
}

func (b *batch) reset() {
	clear(b.out[:b.n])
	b.sent, b.n = 0, 0
	b.groups.reset()
}
