package sys

import "golang.org/x/sys/unix"

// isTCP reports whether the stream socket h is plain TCP. SCTP and Multipath TCP have other
// protocol numbers, and SMC has another family. An upper-layer protocol (TCP_ULP), such as kernel
// TLS, takes the bytes of TCP and delivers its own records.
//
// If the kernel refuses the query, the socket counts as not TCP.
func isTCP(h Handle) bool {
	family, err := unix.GetsockoptInt(int(h), unix.SOL_SOCKET, unix.SO_DOMAIN)
	if err != nil || family != unix.AF_INET && family != unix.AF_INET6 {
		return false
	}
	protocol, err := unix.GetsockoptInt(int(h), unix.SOL_SOCKET, unix.SO_PROTOCOL)
	if err != nil || protocol != unix.IPPROTO_TCP {
		return false
	}
	// Kernels before 4.13 lack this option and all upper-layer protocols. Without such a protocol
	// the name is empty.
	name, err := unix.GetsockoptString(int(h), unix.IPPROTO_TCP, unix.TCP_ULP)
	return err == unix.ENOPROTOOPT || err == nil && name == ""
}
