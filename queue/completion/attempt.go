package completion

import (
	"errors"
	"math"
	"syscall"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/internal/flight"
	"github.com/edgewise-go/edgewise/queue/internal/lending"
	"github.com/edgewise-go/edgewise/sys"
)

// attempt is one try of an operation. It is a copy, because the table of operations may move while
// mu is not held.
type attempt struct {
	op         queue.Op
	pool       *lending.Pool
	sent       int
	connecting bool
	kind       kindOf
	mark       bool // a read that would block may have stopped at an urgent mark

	outcome
	blocked bool // the operation would block
	again   bool // and yet it must be tried again without an event
}

// continues reports whether the completion of an operation with Multi is followed by others.
func (t *attempt) continues() bool {
	return t.result > 0 || t.result == 0 && t.op.Kind == queue.OpAccept
}

// run tries the operation.
func (t *attempt) run() {
	switch t.op.Kind {
	case queue.OpRecv:
		if t.pool != nil {
			t.receiveProvided()
		} else {
			t.settle(t.receive(t.op.Data, t.op.Vector))
		}
	case queue.OpSend:
		t.send()
	case queue.OpRecvMessage:
		err := sys.RecvMessage(t.op.Handle, t.op.Message)
		t.settle(t.op.Message.N, err)
	case queue.OpSendMessage:
		t.sendMessage()
	case queue.OpAccept:
		h, _, err := sys.AcceptShared(t.op.Handle)
		t.settle(int(h), err)
	case queue.OpConnect:
		t.settle(0, t.connect())
	case queue.OpClose:
		t.settle(0, sys.Close(t.op.Handle))
	}
}

// settle stores the result n, or that of err.
func (t *attempt) settle(n int, err error) {
	switch {
	case err == nil:
		t.result = int32(min(n, math.MaxInt32))
	case err == sys.ErrWouldBlock:
		t.blocked = true
	default:
		t.result = resultOf(err)
	}
}

// receive reads into p, or into segments if they are not nil.
func (t *attempt) receive(p []byte, segments [][]byte) (n int, err error) {
	h := t.op.Handle
	if t.kind != file {
		if segments == nil {
			n, err = sys.Recv(h, p)
		} else {
			n, err = sys.RecvSegments(h, segments)
		}
		switch {
		case err == sys.ErrWouldBlock && t.mark:
			if at, err := sys.UnreadAtMark(h); err == nil && at {
				t.again = true
			}
			return n, err
		case err != syscall.ENOTSOCK:
			return n, err
		}
		t.kind = file
	}
	if segments == nil {
		return sys.ReadShared(h, p)
	}
	return sys.ReadvShared(h, segments)
}

// receiveProvided reads into a buffer, and gives it back if no bytes came.
func (t *attempt) receiveProvided() {
	id, ok := t.pool.Take()
	if !ok {
		ready, err := pollNow(t.op.Handle, queue.Readable)
		switch {
		case err != nil:
			t.result = resultOf(err)
		case ready == 0:
			t.blocked = true
		default:
			t.result = queue.ResultNoBuffers
		}
		return
	}
	t.settle(t.receive(t.pool.Bytes(id), nil))
	if t.blocked || t.result <= 0 {
		t.pool.Return(id)
		return
	}
	t.buffer, t.bits = id, queue.Provided
}

// send sends the rest of the bytes.
func (t *attempt) send() {
	total := flight.Size(&t.op)
	for t.sent < total {
		n, err := t.sendSome()
		if err == nil {
			t.sent += n
			continue
		}
		if err == sys.ErrWouldBlock || t.sent == 0 {
			t.settle(0, err)
			return
		}
		break // the next operation returns the error
	}
	t.result = int32(min(t.sent, math.MaxInt32))
}

// sendSome sends from the first byte that is not yet sent.
func (t *attempt) sendSome() (int, error) {
	if t.op.Vector == nil {
		return t.write(t.op.Data[t.sent:])
	}
	skip := t.sent
	for i, s := range t.op.Vector {
		switch {
		case skip >= len(s):
			skip -= len(s)
		case skip > 0:
			return t.write(s[skip:])
		default:
			return t.writeSegments(t.op.Vector[i:])
		}
	}
	return 0, nil
}

func (t *attempt) write(p []byte) (int, error) {
	if t.kind != file {
		n, err := sys.Send(t.op.Handle, p)
		if err != syscall.ENOTSOCK {
			return n, err
		}
		t.kind = file
	}
	return sys.WriteShared(t.op.Handle, p)
}

func (t *attempt) writeSegments(segments [][]byte) (int, error) {
	if t.kind != file {
		n, err := sys.SendSegments(t.op.Handle, segments)
		if err != syscall.ENOTSOCK {
			return n, err
		}
		t.kind = file
	}
	return sys.WritevShared(t.op.Handle, segments)
}

// sendMessage sends a datagram. Only a datagram with an address needs the family of the socket.
func (t *attempt) sendMessage() {
	m := t.op.Message
	if t.kind == unknown && m.Addr.IsValid() {
		kind, err := sys.KindOf(t.op.Handle)
		if err != nil {
			t.settle(0, err)
			return
		}
		t.kind = ipv4
		if kind == sys.KindDatagram6 {
			t.kind = ipv6
		}
	}
	family := sys.IPv4
	if t.kind == ipv6 {
		family = sys.IPv6
	}
	t.settle(len(m.Buffer), sys.SendMessage(t.op.Handle, family, m))
}

// connect starts a connect, or returns the outcome of the one that is in progress.
func (t *attempt) connect() error {
	h, peer := t.op.Handle, t.op.Message
	if t.connecting {
		if err := sys.SocketError(h); err != nil {
			return err
		}
		// The absence of an error proves nothing: a spurious event has the same result. A socket
		// without a peer is not connected yet.
		if _, err := sys.PeerAddr(h); sys.ClassOf(err) == sys.ClassDisconnected {
			return sys.ErrWouldBlock
		}
		return nil
	}
	if err := sys.KeepNonblock(h); err != nil {
		return err
	}
	var err error
	if peer.Name != "" {
		err = sys.ConnectUnix(h, peer.Name)
	} else {
		err = sys.Connect(h, peer.Addr)
	}
	switch {
	case err == sys.ErrWouldBlock:
		return syscall.EAGAIN // no connect is in progress, and no event reports room
	case sys.ClassOf(err) == sys.ClassInProgress:
		t.connecting = true
		return sys.ErrWouldBlock
	}
	return err
}

// pollNow returns which directions of h are ready.
func pollNow(h handle, i queue.Interest) (queue.Ready, error) {
	fds := [1]sys.PollFD{{Fd: int32(h)}}
	if i.Has(queue.Readable) {
		fds[0].Events |= sys.PollIn | sys.PollRDHup
	}
	if i.Has(queue.Writable) {
		fds[0].Events |= sys.PollOut
	}
	for {
		n, err := sys.Poll(fds[:], 0)
		switch {
		case err == syscall.EINTR:
			continue
		case err != nil || n == 0:
			return 0, err
		case fds[0].Revents&sys.PollInvalid != 0:
			return 0, syscall.EBADF
		}
		return readyOf(fds[0].Revents), nil
	}
}

// readyOf converts the bits of poll(2), as package polling does for systems with poll(2).
func readyOf(bits int16) queue.Ready {
	var ready queue.Ready
	for _, c := range [...]struct {
		bit   int16
		ready queue.Ready
	}{
		{sys.PollIn, queue.Ready(queue.Readable)},
		{sys.PollOut, queue.Ready(queue.Writable)},
		{sys.PollRDHup, queue.Ready(queue.Readable) | queue.ReadyPeerShut},
		{sys.PollHup, queue.Ready(queue.Both) | queue.ReadyHangUp},
		{sys.PollErr, queue.Ready(queue.Both) | queue.ReadyError},
	} {
		if bits&c.bit != 0 {
			ready |= c.ready
		}
	}
	return ready
}

// resultOf returns the Result that stands for err. Errors of package queue have an errno in them,
// if the system reported one.
func resultOf(err error) int32 {
	var errno syscall.Errno
	switch {
	case errors.As(err, &errno):
	case errors.Is(err, errors.ErrUnsupported):
		errno = syscall.ENOSYS
	default:
		errno = syscall.EINVAL
	}
	return -int32(errno)
}
