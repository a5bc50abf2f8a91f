package sys

import (
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// recvFlags are the flags of each call that receives datagrams. The kernel copies
// MSG_CMSG_CLOEXEC into the flags of the result.
const recvFlags = unix.MSG_DONTWAIT | unix.MSG_CMSG_CLOEXEC

// RecvMessage receives one datagram from h, a datagram socket (recvmsg(2)). It uses MSG_DONTWAIT,
// so it does not block even if h is a blocking handle. It does not allocate, unless the sender has
// an IPv6 zone, or a Unix-domain name other than the previous value of m.Name.
func RecvMessage(h Handle, m *Message) error {
	var from addressSpace
	vector := unix.Iovec{Base: unsafe.SliceData(m.Buffer)}
	vector.SetLen(len(m.Buffer))
	msg := unix.Msghdr{Name: (*byte)(unsafe.Pointer(&from)), Namelen: uint32(unsafe.Sizeof(from)), Iov: &vector}
	msg.SetIovlen(1)
	m.control(&msg)
	for {
		n, _, errno := unix.RawSyscall(unix.SYS_RECVMSG, uintptr(h), uintptr(unsafe.Pointer(&msg)), recvFlags)
		if errno == 0 {
			m.received(h, int(n), &msg, &from)
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
	m.control(&msg)
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
		ms[i].control(&msgs[i].Hdr)
	}
	for {
		n, _, errno := unix.RawSyscall6(unix.SYS_RECVMMSG, uintptr(h), uintptr(unsafe.Pointer(&msgs[0])), uintptr(len(ms)), recvFlags, 0, 0)
		if errno == unix.EINTR {
			continue
		}
		if errno != 0 {
			return 0, transferError(errno)
		}
		for i := range int(n) {
			ms[i].received(h, int(msgs[i].Len), &msgs[i].Hdr, &from[i])
		}
		return int(n), nil
	}
}

// RecvConnected is RecvMessages for a connected socket. It leaves Addr, Name, Control and ControlN
// as they are, which saves time.
func RecvConnected(h Handle, ms []Message) (int, error) {
	ms = ms[:min(len(ms), MaxMessages)]
	if len(ms) == 0 {
		return 0, nil
	}
	var vectors [MaxMessages]unix.Iovec
	var msgs [MaxMessages]unix.Mmsghdr
	for i := range ms {
		vectors[i].Base = unsafe.SliceData(ms[i].Buffer)
		vectors[i].SetLen(len(ms[i].Buffer))
		msgs[i].Hdr.Iov = &vectors[i]
		msgs[i].Hdr.SetIovlen(1)
	}
	for {
		n, _, errno := unix.RawSyscall6(unix.SYS_RECVMMSG, uintptr(h), uintptr(unsafe.Pointer(&msgs[0])), uintptr(len(ms)), recvFlags, 0, 0)
		if errno == unix.EINTR {
			continue
		}
		if errno != 0 {
			return 0, transferError(errno)
		}
		for i := range int(n) {
			ms[i].N, ms[i].Flags = int(msgs[i].Len), int(msgs[i].Hdr.Flags)&^recvFlags
			ms[i].Truncated = ms[i].Flags&MsgTrunc != 0
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
		ms[i].control(&msgs[i].Hdr)
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

// control makes m.Control the control buffer of msg.
func (m *Message) control(msg *unix.Msghdr) {
	if len(m.Control) > 0 {
		msg.Control = unsafe.SliceData(m.Control)
		msg.SetControllen(len(m.Control))
	}
}

// received stores the result that the kernel reported in msg for a datagram of n bytes that h
// received.
func (m *Message) received(h Handle, n int, msg *unix.Msghdr, from *addressSpace) {
	m.N, m.ControlN = n, int(msg.Controllen)
	m.Flags = int(msg.Flags) &^ recvFlags
	m.Truncated = m.Flags&MsgTrunc != 0
	if from.family(msg.Namelen) != unix.AF_UNIX {
		m.Name, m.Addr = "", from.addrPort(h, msg.Namelen)
		return
	}
	m.Addr = netip.AddrPort{}
	if path := from.unixPath(msg.Namelen); m.Name != string(path) {
		m.Name = string(path)
	}
}
