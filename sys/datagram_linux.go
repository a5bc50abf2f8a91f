package sys

import (
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// RecvMessage receives one datagram from h, a datagram socket (recvmsg(2) with MSG_DONTWAIT, so
// that even a handle that is not non-blocking cannot block). It allocates nothing, unless the
// sender has an IPv6 zone, or a unix-domain name other than m.Name was before.
func RecvMessage(h Handle, m *Message) error {
	var from addressSpace
	vector := unix.Iovec{Base: unsafe.SliceData(m.Buffer)}
	vector.SetLen(len(m.Buffer))
	msg := unix.Msghdr{Name: (*byte)(unsafe.Pointer(&from)), Namelen: uint32(unsafe.Sizeof(from)), Iov: &vector}
	msg.SetIovlen(1)
	for {
		n, _, errno := unix.RawSyscall(unix.SYS_RECVMSG, uintptr(h), uintptr(unsafe.Pointer(&msg)), unix.MSG_DONTWAIT)
		if errno == 0 {
			m.received(h, int(n), msg.Flags, &from, msg.Namelen)
			return nil
		}
		if errno != unix.EINTR {
			return transferError(errno)
		}
	}
}

// SendMessage sends one datagram from h, a datagram socket (sendmsg(2) with MSG_DONTWAIT and
// MSG_NOSIGNAL): all of it, or none and an error. f is the family of h: an IPv6 socket sends to an
// IPv4 address by mapping it. A unix-domain socket has no need of f.
//
// ErrWouldBlock says that the socket's own buffer is full, or the queue of the unix-domain socket
// it is sent to. In the latter case an event tells of room only if h is connected to that socket. A
// network interface whose queue is full drops the datagram and says nothing (sendto(2), ENOBUFS).
func SendMessage(h Handle, f Family, m *Message) error {
	var to addressSpace
	size, err := to.put(h, f, m)
	if err != nil {
		return err
	}
	vector := unix.Iovec{Base: unsafe.SliceData(m.Buffer)}
	vector.SetLen(len(m.Buffer))
	msg := unix.Msghdr{Iov: &vector}
	msg.SetIovlen(1)
	if size > 0 {
		msg.Name, msg.Namelen = (*byte)(unsafe.Pointer(&to)), size
	}
	for {
		_, _, errno := unix.RawSyscall(unix.SYS_SENDMSG, uintptr(h), uintptr(unsafe.Pointer(&msg)), unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
		if errno == 0 {
			return nil
		}
		if errno != unix.EINTR {
			return transferError(errno)
		}
	}
}

// RecvMessages receives up to MaxMessages datagrams into the first of ms (recvmmsg(2)) and returns
// how many. It returns ErrWouldBlock only if there was none. Another error may come with some that
// were received before: these are to be dealt with first. Fewer than there was room for are no
// proof that there are no more: an error may have ended the call, which the next one returns.
func RecvMessages(h Handle, ms []Message) (int, error) {
	ms = ms[:min(len(ms), MaxMessages)]
	if len(ms) == 0 {
		return 0, nil
	}
	var from [MaxMessages]addressSpace
	var vectors [MaxMessages]unix.Iovec
	var msgs [MaxMessages]unix.Mmsghdr
	for i := range ms {
		vectors[i].Base = unsafe.SliceData(ms[i].Buffer)
		vectors[i].SetLen(len(ms[i].Buffer))
		msgs[i].Hdr.Name, msgs[i].Hdr.Namelen = (*byte)(unsafe.Pointer(&from[i])), uint32(unsafe.Sizeof(from[i]))
		msgs[i].Hdr.Iov = &vectors[i]
		msgs[i].Hdr.SetIovlen(1)
	}
	for {
		n, _, errno := unix.RawSyscall6(unix.SYS_RECVMMSG, uintptr(h), uintptr(unsafe.Pointer(&msgs[0])), uintptr(len(ms)), unix.MSG_DONTWAIT, 0, 0)
		if errno == unix.EINTR {
			continue
		}
		if errno != 0 {
			return 0, transferError(errno)
		}
		for i := range int(n) {
			ms[i].received(h, int(msgs[i].Len), msgs[i].Hdr.Flags, &from[i], msgs[i].Hdr.Namelen)
		}
		return int(n), nil
	}
}

// SendMessages sends up to MaxMessages datagrams, the first of ms (sendmmsg(2)), and returns how
// many the kernel took. The first that it did not take is sent by the next call, or not at all. It
// returns ErrWouldBlock only if it took none. Another error may come with some that were sent
// before; it is about the one after them, or is an answer to an earlier one. Of the latter kind
// some are lost: the kernel returns no error when it took a datagram. f is the family of h, as with
// SendMessage.
func SendMessages(h Handle, f Family, ms []Message) (int, error) {
	ms = ms[:min(len(ms), MaxMessages)]
	if len(ms) == 0 {
		return 0, nil
	}
	var to [MaxMessages]addressSpace
	var vectors [MaxMessages]unix.Iovec
	var msgs [MaxMessages]unix.Mmsghdr
	count := 0
	for i := range ms {
		size, err := to[i].put(h, f, &ms[i])
		if err != nil && i == 0 {
			return 0, err
		}
		if err != nil {
			break // the next call returns it
		}
		vectors[i].Base = unsafe.SliceData(ms[i].Buffer)
		vectors[i].SetLen(len(ms[i].Buffer))
		if size > 0 {
			msgs[i].Hdr.Name, msgs[i].Hdr.Namelen = (*byte)(unsafe.Pointer(&to[i])), size
		}
		msgs[i].Hdr.Iov = &vectors[i]
		msgs[i].Hdr.SetIovlen(1)
		count++
	}
	for {
		n, _, errno := unix.RawSyscall6(unix.SYS_SENDMMSG, uintptr(h), uintptr(unsafe.Pointer(&msgs[0])), uintptr(count), unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, 0, 0)
		if errno == unix.EINTR {
			continue
		}
		if errno != 0 {
			return 0, transferError(errno)
		}
		return int(n), nil
	}
}

// received notes what the kernel said of a datagram of n bytes that h got, whose sender's address
// has size bytes.
func (m *Message) received(h Handle, n int, flags int32, from *addressSpace, size uint32) {
	m.N, m.Truncated = n, flags&unix.MSG_TRUNC != 0
	if from.family(size) != unix.AF_UNIX {
		m.Name, m.Addr = "", from.addrPort(h, size)
		return
	}
	m.Addr = netip.AddrPort{}
	if path := from.unixPath(size); m.Name != string(path) {
		m.Name = string(path)
	}
}
