package sys

import (
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The flags of requests that transfer. The kernel retries a send with MSG_WAITALL until it has sent
// all bytes, and arms a poll instead of blocking.
const (
	IoUringSendFlags        = uint32(unix.MSG_NOSIGNAL | unix.MSG_WAITALL)
	IoUringSendNow          = uint32(unix.MSG_DONTWAIT) // the send fails if the socket has no room
	IoUringSendMessageFlags = uint32(unix.MSG_NOSIGNAL)
	IoUringRecvMessageFlags = uint32(unix.MSG_CMSG_CLOEXEC)
	IoUringAcceptFlags      = uint32(unix.SOCK_NONBLOCK | unix.SOCK_CLOEXEC)
)

// IoUringMessage is the memory of a request that transfers segments or a message, or that connects.
// It holds references to the memory of the caller, so that the memory stays alive with it. It must
// be on the heap, and it must not change until the completion of the request.
type IoUringMessage struct {
	header unix.Msghdr
	name   addressSpace
	vector [MaxSegments]unix.Iovec
}

// Header returns the address of the message header.
func (m *IoUringMessage) Header() uint64 { return uint64(uintptr(unsafe.Pointer(&m.header))) }

// Name returns the address of the socket address.
func (m *IoUringMessage) Name() uint64 { return uint64(uintptr(unsafe.Pointer(&m.name.raw))) }

// Clear drops all references.
func (m *IoUringMessage) Clear() {
	m.header = unix.Msghdr{}
	clear(m.vector[:])
}

// Segments makes m transfer segments, except their first skip bytes.
func (m *IoUringMessage) Segments(segments [][]byte, skip int) {
	count := 0
	for _, s := range segments {
		drop := min(skip, len(s))
		skip -= drop
		if s = s[drop:]; len(s) == 0 || count == MaxSegments {
			continue
		}
		m.vector[count].Base = &s[0]
		m.vector[count].SetLen(len(s))
		count++
	}
	m.header = unix.Msghdr{Iov: &m.vector[0]}
	m.header.SetIovlen(count)
}

// buffer makes m transfer the bytes and the control messages of message.
func (m *IoUringMessage) buffer(message *Message) {
	m.vector[0].Base = unsafe.SliceData(message.Buffer)
	m.vector[0].SetLen(len(message.Buffer))
	m.header = unix.Msghdr{Iov: &m.vector[0]}
	m.header.SetIovlen(1)
	message.control(&m.header)
}

// Receive makes m receive into message. After the completion the caller calls Received.
func (m *IoUringMessage) Receive(message *Message) {
	m.buffer(message)
	m.header.Name, m.header.Namelen = (*byte)(unsafe.Pointer(&m.name.raw)), uint32(unsafe.Sizeof(m.name.raw))
}

// Received stores the result of a request of n bytes in message.
func (m *IoUringMessage) Received(h Handle, n int, message *Message) {
	message.received(h, n, &m.header, &m.name)
}

// Send makes m send message. It needs no family of the socket: a datagram socket of family IPv6
// takes the address of an IPv4 peer as such.
//
// Errors: those of an address that does not exist.
func (m *IoUringMessage) Send(h Handle, message *Message) error {
	size, err := m.name.put(h, FamilyOf(message.Addr.Addr()), message)
	if err != nil {
		return err
	}
	m.buffer(message)
	if size > 0 {
		m.header.Name, m.header.Namelen = (*byte)(unsafe.Pointer(&m.name.raw)), size
	}
	return nil
}

// Peer stores the address of message, for a connect of h, and returns its size.
//
// Errors: EINVAL without an address, EAFNOSUPPORT if h has another family, EBADF.
func (m *IoUringMessage) Peer(h Handle, message *Message) (uint64, error) {
	f := IPv6
	if message.Name == "" {
		if message.Addr == (netip.AddrPort{}) {
			return 0, unix.EINVAL
		}
		domain, err := unix.GetsockoptInt(int(h), unix.SOL_SOCKET, unix.SO_DOMAIN)
		if err != nil {
			return 0, err
		}
		if domain == unix.AF_INET {
			f = IPv4
		}
	}
	size, err := m.name.put(h, f, message)
	return uint64(size), err
}
