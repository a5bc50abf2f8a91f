//go:build unix && !linux

package sys

import "golang.org/x/sys/unix"

// CheckPollable asks the kernel whether a queue can wait for h (fstat(2)).
//
// Errors: [ErrNotPollable] with EPERM for files on disk, directories and block devices; EBADF for a
// handle that is not open.
func CheckPollable(h Handle) error {
	var st unix.Stat_t
	if err := unix.Fstat(int(h), &st); err != nil {
		return err
	}
	return checkFile(h, uint32(st.Mode))
}

// checkFile is CheckPollable for an h whose mode is known. No system call reports which devices are
// always ready.
func checkFile(_ Handle, mode uint32) error { return checkType(mode) }
