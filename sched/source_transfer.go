package sched

import (
	"net"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/transfer"
	"github.com/edgewise-go/edgewise/sys"
)

// Transfer is what [Loop] offers package stream as stream.Transfer; see there.
type Transfer = interface {
	TryRead(p []byte) (int, error)
	TryWrite(p []byte) (int, error)
	TryReadv(segments [][]byte) (int, error)
	TryWritev(segments [][]byte) (int, error)
	CloseWrite() error
	Drained() bool
	Sync() (done bool)
	Want(d sys.Direction) (ready bool)
	Unread() bool
	Stop() (done bool)
	Close()
	Release() bool
}

// openTransfers makes l move the bytes of connections by operations of its queue.
//
// Errors: [errors.ErrUnsupported] if the queue is no queue.Completer, and those of transfer.New.
func (l *Loop) openTransfers(o transfer.Options) error {
	q, ok := l.queue.(queue.Completer)
	if !ok {
		return errNoCompleter
	}
	o.Owner = l
	// A caller on another thread makes the loop flush what it has written. On the loop itself the
	// next wait does so.
	o.Wake = func() {
		if l.inbox.sleeping.Load() {
			_ = l.queue.Wake() // an error means that the queue is closed, and with it all streams
		}
	}
	t, err := transfer.New(q, o)
	if err != nil {
		return err
	}
	l.transfers = t
	return nil
}

// begin makes the operations of the queue move the bytes of s instead of the caller's system calls.
// It returns false if the loop only reports readiness. Readiness that was reported before stays, as
// a spurious event.
func (s *source) begin(l *Loop) (st transfer.Stream, ok bool) {
	if l.transfers == nil {
		return st, false
	}
	l.slots.mu.Lock()
	defer l.slots.mu.Unlock()
	if s.flags.Load()&(flagClosed|flagResting|flagTransfer) != 0 || s.deregister(l) != nil {
		return st, false
	}
	s.flags.Or(flagTransfer | flagUnarmed)
	return *l.transfers.Open(s.handle, s.token), true
}

// rejoin registers s for readiness after its transfer has ended.
func (s *source) rejoin(l *Loop) error {
	l.slots.mu.Lock()
	defer l.slots.mu.Unlock()
	switch {
	case s.closed():
		return net.ErrClosed
	case !s.transfers():
		return nil // another caller was first
	}
	s.flags.And(^uint32(flagTransfer))
	return closedError(s.register(l))
}

func (s *source) transfers() bool { return s.flags.Load()&flagTransfer != 0 }

// taskTransfer is the Transfer of a taskSource.
type taskTransfer struct {
	transfer.Stream
	source *taskSource
}

// Transfer implements stream.Transferrer.
func (s *taskSource) Transfer() Transfer {
	if s.others.Load() != nil || s.visiting {
		return nil
	}
	st, ok := s.begin(s.loop)
	if !ok {
		return nil
	}
	t := &taskTransfer{st, s}
	s.transfer.Store(t)
	return t
}

// Stop ends the transfer and makes the source report readiness again.
func (t *taskTransfer) Stop() bool {
	if !t.source.transfers() {
		return true
	}
	if !t.Stream.Stop() {
		return false
	}
	// A failure shows in the next Wait, which finds no registration.
	_ = t.source.rejoin(t.source.loop)
	return true
}

// stopTransfer makes s report readiness, because a caller waits for its handle elsewhere. What
// arrives until the transfer has ended wakes that caller.
func (s *taskSource) stopTransfer() {
	if t := s.transfer.Load(); t != nil {
		t.Stop()
	}
}

// Transfer makes the queue move the bytes of the handle of t, a connected stream socket, and
// returns how to read and write them; see stream.Transfer. It returns nil if the loop only reports
// readiness, or if t has a Transfer already. Then t remains as it was. It is for the steps of t.
//
// After a try that returned sys.ErrWouldBlock, WaitFor in the same direction ends with Ready when a
// try makes sense again. A step with another cause ends no operation: what arrives meanwhile is
// there for the next try. Stop makes t wait for readiness again.
//
// Handler.End closes the Transfer instead of the handle, whatever has ended t. The queue then gets
// its buffers back. Operations that end later reach no other handler.
func (t HandlerTask) Transfer() Transfer {
	s := t.loop.slab.slot(t.token)
	if st, ok := s.begin(t.loop); ok {
		return &handlerTransfer{st}
	}
	return nil
}

// handlerTransfer is the Transfer of a handler. There are many idle ones, so it has no reference to
// the handler: the stream knows it.
type handlerTransfer struct{ transfer.Stream }

// Stop ends the transfer and makes the handler wait for readiness again, unless the handler has
// ended.
func (t *handlerTransfer) Stop() bool {
	owner, token, ok := t.Owner()
	if !ok {
		return true
	}
	l := owner.(*Loop)
	l.inbox.mu.Lock()
	s := l.slab.lookup(token)
	l.inbox.mu.Unlock()
	if s != nil && !s.transfers() {
		return true
	}
	if !t.Stream.Stop() {
		return false
	}
	if s != nil {
		_ = s.rejoin(l)
	}
	return true
}
