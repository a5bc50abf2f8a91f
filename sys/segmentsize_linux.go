package sys

import (
	"encoding/binary"
	"unsafe"

	"golang.org/x/sys/unix"
)

// MaxDatagramSegments is the most datagrams that every kernel with UDP_SEGMENT sends of one
// [Message] (UDP_MAX_SEGMENTS of Linux 4.18).
const MaxDatagramSegments = 64

// SegmentsDatagrams reports whether the kernel knows the control message of [AppendSegmentSize]
// (udp(7), UDP_SEGMENT, Linux 4.18). An older kernel ignores it, and sends Buffer as one datagram.
func SegmentsDatagrams(h Handle) bool {
	_, err := unix.GetsockoptInt(int(h), unix.IPPROTO_UDP, unix.UDP_SEGMENT)
	return err == nil
}

// AppendSegmentSize appends the control message that makes the kernel send the Buffer of a Message
// as datagrams of size bytes each (udp(7), UDP_SEGMENT). The last one may be shorter. They pass
// most of the network stack as one.
//
// The kernel refuses more than MaxDatagramSegments, and datagrams that do not fit the route
// (EINVAL). Some kernels refuse devices that cannot compute checksums (EIO). A device with a faulty
// driver may lose the datagrams without an error.
func AppendSegmentSize(control []byte, size uint16) []byte {
	header := unix.Cmsghdr{Level: unix.IPPROTO_UDP, Type: unix.UDP_SEGMENT}
	header.SetLen(unix.CmsgLen(2))
	at := len(control)
	control = append(control, make([]byte, unix.CmsgSpace(2))...)
	copy(control[at:], (*[unix.SizeofCmsghdr]byte)(unsafe.Pointer(&header))[:])
	binary.NativeEndian.PutUint16(control[at+unix.CmsgLen(0):], size)
	return control
}
