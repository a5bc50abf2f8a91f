package stream

import "net"

// Link is a connected Socket for callers that never wait, such as a handler of package sched. Its
// bytes move by a [Transfer] if the mechanism offers one, and by system calls otherwise. The zero
// Link is closed; assign its Socket before use.
type Link struct {
	Socket
	transfer Transfer
}

// Begin lets the mechanism move the bytes, if it can. The caller calls it once, before the first
// read or write, after the handle is registered.
func (l *Link) Begin(t Transferrer) { l.transfer = t.Transfer() }

// TryRead is [Socket.TryRead].
func (l *Link) TryRead(p []byte) (int, error) {
	if l.transfer != nil {
		return l.transfer.TryRead(p)
	}
	return l.Socket.TryRead(p)
}

// TryWrite is [Socket.TryWrite]. With a Transfer, an error may come with a later call.
func (l *Link) TryWrite(p []byte) (int, error) {
	if l.transfer != nil {
		return l.transfer.TryWrite(p)
	}
	return l.Socket.TryWrite(p)
}

// TryReadv is [Socket.TryReadv].
func (l *Link) TryReadv(segs [][]byte) (int, error) {
	if l.transfer != nil {
		return l.transfer.TryReadv(segs)
	}
	return l.Socket.TryReadv(segs)
}

// TryWritev is [Socket.TryWritev]. With a Transfer, an error may come with a later call.
func (l *Link) TryWritev(segs [][]byte) (int, error) {
	if l.transfer != nil {
		return l.transfer.TryWritev(segs)
	}
	return l.Socket.TryWritev(segs)
}

// ShortReadDrains reports whether the last read, which was short, proved that no more bytes are
// there. readiness answers for a mechanism that reports readiness; sched.HandlerTask does.
func (l *Link) ShortReadDrains(readiness interface{ ShortReadDrains() bool }) bool {
	if l.transfer != nil {
		return l.transfer.Drained()
	}
	return l.MayDrainShort() && readiness.ShortReadDrains()
}

// CloseWrite is [Socket.CloseWrite], after the bytes already written.
func (l *Link) CloseWrite() error {
	if l.transfer != nil {
		return l.transfer.CloseWrite()
	}
	return l.Socket.CloseWrite()
}

// Close is [Socket.Close]. With a Transfer, the handle closes after the bytes already written.
func (l *Link) Close() error {
	if l.transfer == nil {
		return l.Socket.Close()
	}
	if !l.retire() {
		return net.ErrClosed
	}
	l.surrender()
	l.transfer.Close()
	return nil
}
