package sys

import "golang.org/x/sys/unix"

// UDPSocket opens a UDP socket, created non-blocking and close-on-exec (udp(7)).
func UDPSocket(f Family) (Handle, error) { return datagramSocket(f.domain(), unix.IPPROTO_UDP) }

// UnixgramSocket opens a Unix-domain datagram socket, created non-blocking and close-on-exec
// (unix(7)).
func UnixgramSocket() (Handle, error) { return datagramSocket(unix.AF_UNIX, 0) }

func datagramSocket(domain, protocol int) (Handle, error) {
	fd, err := unix.Socket(domain, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, protocol)
	if err != nil {
		return Invalid, err
	}
	return Handle(fd), nil
}
