//go:build unix

package sys

import "golang.org/x/sys/unix"

// KindOf asks the kernel what h is (fstat(2), SO_TYPE, getsockname(2)).
func KindOf(h Handle) (Kind, error) {
	var st unix.Stat_t
	if err := unix.Fstat(int(h), &st); err != nil {
		return KindFile, err
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG, unix.S_IFDIR, unix.S_IFBLK:
		return KindAlwaysReady, nil
	case unix.S_IFSOCK:
		t, err := unix.GetsockoptInt(int(h), unix.SOL_SOCKET, unix.SO_TYPE)
		if err != nil {
			return KindOtherSocket, err
		}
		switch t {
		case unix.SOCK_STREAM:
			return KindStreamSocket, nil
		case unix.SOCK_DGRAM:
			return kindOfDatagrams(h)
		}
		return KindOtherSocket, nil
	}
	return KindFile, nil
}

func kindOfDatagrams(h Handle) (Kind, error) {
	sa, err := unix.Getsockname(int(h))
	switch sa.(type) {
	case *unix.SockaddrInet4:
		return KindDatagram4, nil
	case *unix.SockaddrInet6:
		return KindDatagram6, nil
	case *unix.SockaddrUnix:
		return KindDatagramUnix, nil
	}
	if err == unix.EAFNOSUPPORT {
		err = nil // package unix does not know the family
	}
	return KindOtherSocket, err
}
