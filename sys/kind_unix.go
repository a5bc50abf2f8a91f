//go:build unix

package sys

import "golang.org/x/sys/unix"

// KindOf asks the kernel what h is (fstat(2), SO_TYPE).
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
		if t == unix.SOCK_STREAM {
			return KindStreamSocket, nil
		}
		return KindOtherSocket, nil
	}
	return KindFile, nil
}
