package sys

import (
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// DontWait reports whether Recv, Send and their relatives for segments and datagrams return at once
// even on a blocking socket.
const DontWait = true

// KeepNonblock makes h non-blocking again if another owner has cleared the flag (fcntl(2), F_GETFL
// and F_SETFL).
func KeepNonblock(h Handle) error {
	flags, _, errno := unix.RawSyscall(unix.SYS_FCNTL, uintptr(h), unix.F_GETFL, 0)
	if errno == 0 && flags&unix.O_NONBLOCK == 0 {
		_, _, errno = unix.RawSyscall(unix.SYS_FCNTL, uintptr(h), unix.F_SETFL, flags|unix.O_NONBLOCK)
	}
	if errno != 0 {
		return errno
	}
	return nil
}

// Go's scheduler sees the calls below. A raw call that blocked would hold up the next garbage
// collection, and with it the process.

func readKnown(h Handle, p []byte) (int, error)  { return transferKnown(unix.SYS_READ, h, p) }
func writeKnown(h Handle, p []byte) (int, error) { return transferKnown(unix.SYS_WRITE, h, p) }

func readvKnown(h Handle, segments [][]byte) (int, error) {
	return vectoredKnown(unix.SYS_READV, h, segments)
}

func writevKnown(h Handle, segments [][]byte) (int, error) {
	return vectoredKnown(unix.SYS_WRITEV, h, segments)
}

func transferKnown(trap uintptr, h Handle, p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for {
		n, _, errno := unix.Syscall(trap, uintptr(h), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
		if errno == 0 {
			return int(n), nil
		}
		if errno != unix.EINTR {
			return 0, transferError(errno)
		}
	}
}

func vectoredKnown(trap uintptr, h Handle, segments [][]byte) (int, error) {
	var vector [MaxSegments]unix.Iovec
	count := vectorOf(&vector, segments)
	if count == 0 {
		return 0, nil
	}
	for {
		n, _, errno := unix.Syscall(trap, uintptr(h), uintptr(unsafe.Pointer(&vector[0])), uintptr(count))
		if errno == 0 {
			return int(n), nil
		}
		if errno != unix.EINTR {
			return 0, transferError(errno)
		}
	}
}

func acceptKnown(h Handle) (Handle, netip.AddrPort, error) {
	var peer addressSpace
	for {
		size := uint32(unsafe.Sizeof(peer.raw))
		fd, _, errno := unix.Syscall6(unix.SYS_ACCEPT4, uintptr(h), uintptr(unsafe.Pointer(&peer.raw)), uintptr(unsafe.Pointer(&size)),
			unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0)
		switch errno {
		case 0:
			return Handle(fd), peer.addrPort(Handle(fd), size), nil
		case unix.EINTR:
			continue
		}
		return Invalid, netip.AddrPort{}, transferError(errno)
	}
}
