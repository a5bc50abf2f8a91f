package sys

import "golang.org/x/sys/unix"

// MultipathSocket opens a socket of Multipath TCP (RFC 8684), with the properties of [Socket]. If
// the peer or the network lacks Multipath TCP, the kernel uses TCP. The kernel may refuse the
// socket, as with net.mptcp.enabled=0.
func MultipathSocket(f Family) (Handle, error) {
	fd, err := unix.Socket(f.domain(), unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, unix.IPPROTO_MPTCP)
	if err != nil {
		return Invalid, err
	}
	return Handle(fd), nil
}

// Options of Multipath TCP (linux/mptcp.h).
const (
	solMPTCP  = 0x11c
	mptcpInfo = 1
)

// IsMultipath reports whether the connection h uses Multipath TCP. Kernels before 5.16 do not say,
// and it returns false.
func IsMultipath(h Handle) (bool, error) {
	protocol, err := unix.GetsockoptInt(int(h), unix.SOL_SOCKET, unix.SO_PROTOCOL)
	if err != nil || protocol != unix.IPPROTO_MPTCP {
		return false, err
	}
	switch _, err = unix.GetsockoptInt(int(h), solMPTCP, mptcpInfo); err {
	case nil:
		return true, nil
	case unix.EOPNOTSUPP, unix.ENOPROTOOPT: // the connection has become one of TCP
		return false, nil
	}
	return false, err
}
