//go:build unix

package sys

import (
	"errors"

	"golang.org/x/sys/unix"
)

// KindOf asks the kernel for the kind of h (fstat(2), SO_TYPE, getsockname(2), SO_PROTOCOL or
// similar). If h is not a socket, it calls CheckPollable.
func KindOf(h Handle) (Kind, error) {
	var st unix.Stat_t
	if err := unix.Fstat(int(h), &st); err != nil {
		return KindFile, err
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFSOCK:
		t, err := unix.GetsockoptInt(int(h), unix.SOL_SOCKET, unix.SO_TYPE)
		if err != nil {
			return KindOtherSocket, err
		}
		switch t {
		case unix.SOCK_STREAM:
			if isTCP(h) {
				return KindTCP, nil
			}
			return KindStreamSocket, nil
		case unix.SOCK_DGRAM:
			return kindOfDatagrams(h)
		case unix.SOCK_SEQPACKET:
			if sa, err := unix.Getsockname(int(h)); err == nil {
				if _, ok := sa.(*unix.SockaddrUnix); ok {
					return KindUnixpacket, nil
				}
			}
		}
		return KindOtherSocket, nil
	}
	err := checkFile(h, uint32(st.Mode))
	if errors.Is(err, ErrNotPollable) {
		return KindAlwaysReady, nil
	}
	return KindFile, err
}
