package streamtest

import (
	"encoding/binary"
	"syscall"
	"unsafe"

	"github.com/edgewise-go/edgewise/sys"
)

// Options that package syscall lacks.
const (
	udpSegment      = 103 // UDP_SEGMENT (linux/udp.h)
	udpGRO          = 104 // UDP_GRO
	ipv6RecvTClass  = 66  // IPV6_RECVTCLASS (linux/in6.h)
	ipv6TClass      = 67  // IPV6_TCLASS
	controlIntBytes = 4
)

// segmentOffload reports whether the kernel has both offloads: sending since 4.18, receiving since
// 5.0.
func segmentOffload() bool {
	h, err := sys.UDPSocket(sys.IPv4)
	if err != nil {
		return false
	}
	defer sys.Close(h)
	_, err = syscall.GetsockoptInt(int(h), syscall.IPPROTO_UDP, udpSegment)
	return err == nil && receiveSegments(h) == nil
}

// receiveClass makes h, a socket of family f, receive the traffic class of its datagrams (ip(7),
// IP_RECVTOS).
func receiveClass(h sys.Handle, f sys.Family) error {
	if f == sys.IPv6 {
		return syscall.SetsockoptInt(int(h), syscall.IPPROTO_IPV6, ipv6RecvTClass, 1)
	}
	return syscall.SetsockoptInt(int(h), syscall.IPPROTO_IP, syscall.IP_RECVTOS, 1)
}

// classControl returns a control message that sets the traffic class of a datagram.
func classControl(f sys.Family, class byte) []byte {
	data := binary.NativeEndian.AppendUint32(nil, uint32(class))
	if f == sys.IPv6 {
		return controlMessage(syscall.IPPROTO_IPV6, ipv6TClass, data)
	}
	return controlMessage(syscall.IPPROTO_IP, syscall.IP_TOS, data)
}

// classOf returns the traffic class in the control messages of a datagram.
func classOf(oob []byte) (class byte, ok bool) {
	if data, ok := controlOf(oob, syscall.IPPROTO_IP, syscall.IP_TOS); ok && len(data) == 1 {
		return data[0], true
	}
	data, ok := controlOf(oob, syscall.IPPROTO_IPV6, ipv6TClass)
	if !ok || len(data) != controlIntBytes {
		return 0, false
	}
	return byte(binary.NativeEndian.Uint32(data)), true
}

// receiveSegments lets the kernel give h several datagrams as one.
func receiveSegments(h sys.Handle) error {
	return syscall.SetsockoptInt(int(h), syscall.IPPROTO_UDP, udpGRO, 1)
}

// segmentControl returns a control message that cuts a datagram into several of that size.
func segmentControl(size uint16) []byte {
	return controlMessage(syscall.IPPROTO_UDP, udpSegment, binary.NativeEndian.AppendUint16(nil, size))
}

// segmentOf returns the size of the datagrams that the kernel gave as one.
func segmentOf(oob []byte) (size int, ok bool) {
	data, ok := controlOf(oob, syscall.IPPROTO_UDP, udpGRO)
	if !ok || len(data) != controlIntBytes {
		return 0, false
	}
	return int(binary.NativeEndian.Uint32(data)), true
}

// controlMessage returns one control message (cmsg(3)).
func controlMessage(level, kind int, data []byte) []byte {
	oob := make([]byte, syscall.CmsgSpace(len(data)))
	header := (*syscall.Cmsghdr)(unsafe.Pointer(unsafe.SliceData(oob)))
	header.Level, header.Type = int32(level), int32(kind)
	header.SetLen(syscall.CmsgLen(len(data)))
	copy(oob[syscall.CmsgLen(0):], data)
	return oob
}

// controlOf returns the data of the first control message of that kind.
func controlOf(oob []byte, level, kind int) (data []byte, ok bool) {
	all, err := syscall.ParseSocketControlMessage(oob)
	if err != nil {
		return nil, false
	}
	for _, m := range all {
		if int(m.Header.Level) == level && int(m.Header.Type) == kind {
			return m.Data, true
		}
	}
	return nil, false
}
