package sys

import "golang.org/x/sys/unix"

// isTCP reports whether the stream socket h is of TCP alone. The number of the protocol is another
// for SCTP and for Multipath TCP, and so is the family for SMC. An upper-layer protocol (TCP_ULP),
// such as TLS in the kernel, takes the bytes of TCP and gives records of its own.
//
// Where the kernel refuses to say, the socket counts as one of another kind.
func isTCP(h Handle) bool {
	family, err := unix.GetsockoptInt(int(h), unix.SOL_SOCKET, unix.SO_DOMAIN)
	if err != nil || family != unix.AF_INET && family != unix.AF_INET6 {
		return false
	}
	protocol, err := unix.GetsockoptInt(int(h), unix.SOL_SOCKET, unix.SO_PROTOCOL)
	if err != nil || protocol != unix.IPPROTO_TCP {
		return false
	}
	// A kernel before 4.13 has no such option, and none of the protocols. Without one the name is
	// empty.
	name, err := unix.GetsockoptString(int(h), unix.IPPROTO_TCP, unix.TCP_ULP)
	return err == unix.ENOPROTOOPT || err == nil && name == ""
}
