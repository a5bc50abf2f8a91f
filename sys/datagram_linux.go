package sys

import (
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// RecvMessage receives one datagram from h, a datagram socket (recvmsg(2)). It uses MSG_DONTWAIT,
// so it does not block even if h is a blocking handle. It does not allocate, unless the sender has
// an IPv6 zone, or a Unix-domain name other than the previous value of m.Name.
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
// MSG_NOSIGNAL). It sends all of it, or none and returns an error. f is the family of h: an IPv6
// socket sends to an IPv4 address by mapping it. f has no effect on a Unix-domain socket.
//
// ErrWouldBlock means that the socket's own buffer, or the queue of the receiving Unix-domain
// socket, is full. In the latter case, an event reports room in that queue only if h is connected
// to that socket. A network interface whose queue is full drops the datagram, and SendMessage
// returns no error (sendto(2), ENOBUFS).
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

// RecvMessages receives up to MaxMessages datagrams into the first elements of ms (recvmmsg(2)) and
// returns their number. It returns ErrWouldBlock only if it received none. Any other error may come
// with datagrams that were received before it: the caller must handle these first. A short count
// does not prove that no more datagrams are queued: an error may have ended the call, and the next
// call returns it.
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

// SendMessages sends up to MaxMessages datagrams from the start of ms (sendmmsg(2)) and returns how
// many the kernel took. The first one not taken is sent by the next call, or not at all. f is the
// family of h, as in SendMessage.
//
// It returns ErrWouldBlock only if the kernel took none. Any other error may come with datagrams
// that were sent before it. Such an error concerns the next datagram, or reports on an earlier one.
// Some errors of the latter kind are lost: the kernel returns no error if it took a datagram.
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

// received stores the result that the kernel reported for a datagram of n bytes that h received.
// The sender's address has size bytes.
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
