package evented

import (
	"net"
	"syscall"

	"github.com/edgewise-go/edgewise/sys"
)

// batch moves several datagrams per system call (recvmmsg(2), sendmmsg(2)).
type batch struct {
	raw syscall.RawConn
	in  [batchMax]sys.Message
	out [batchMax]sys.Message

	// The result of a call, which the functions below set. They exist once, so that a call does not
	// allocate them.
	received, sent, count int
	receiveErr, sendErr   error
	receive, write        func(fd uintptr) bool
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
	memory := make([]byte, batchMax*(size+1))
	for i := range b.in {
		b.in[i].Buffer, memory = memory[:size+1:size+1], memory[size+1:]
	}
	b.receive = func(fd uintptr) bool {
		b.received, b.receiveErr = sys.RecvMessages(sys.Handle(fd), b.in[:])
		return b.receiveErr != sys.ErrWouldBlock
	}
	b.write = func(fd uintptr) bool {
		n, err := sys.SendMessages(sys.Handle(fd), sys.IPv4, b.out[b.sent:b.count])
		b.sent += max(n, 0)
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
	if b.received > 0 {
		return b.received, nil
	}
	return 0, b.receiveErr
}

func (b *batch) Datagram(i int) (message []byte, cut bool) {
	m := &b.in[i]
	return m.Buffer[:m.N], m.Truncated || m.N == len(m.Buffer)
}

func (b *batch) Add(message []byte) bool {
	if b.count == batchMax {
		return false
	}
	b.out[b.count].Buffer = message
	b.count++
	return true
}

func (b *batch) Send() error {
	for b.sent < b.count {
		b.sendErr = nil
		if err := b.raw.Write(b.write); err != nil {
			b.reset()
			return err
		}
		if b.sendErr != nil {
			return b.sendErr
		}
	}
	b.reset()
	return nil
}

func (b *batch) Skip() { b.sent++ }

func (b *batch) reset() {
	for i := range b.out[:b.count] {
		b.out[i].Buffer = nil
	}
	b.sent, b.count = 0, 0
}
