//go:build unix

package polling

import (
	"errors"
	"fmt"
	"math"
	"syscall"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// CheckHandle refuses what a poll takes and calls ready for ever, and what is not open, of which a poll would tell only later.
//
// Errors: [queue.ErrNotPollable] for regular files, directories and block devices, EBADF for what is not open.
func CheckHandle(h sys.Handle) error {
	if h > math.MaxInt32 {
		return syscall.EBADF
	}
	var st syscall.Stat_t
	if err := syscall.Fstat(int(h), &st); err != nil {
		return err
	}
	switch uint32(st.Mode) & syscall.S_IFMT {
	case syscall.S_IFREG, syscall.S_IFDIR, syscall.S_IFBLK:
		return fmt.Errorf("%w: %w", queue.ErrNotPollable, syscall.EPERM)
	}
	return nil
}

// CheckRegistration refuses what does not exist, and an exclusive registration unless the mechanism has those.
//
// Errors: [queue.ErrInvalid], one that is [errors.ErrUnsupported].
func CheckRegistration(r queue.Registration, exclusive bool) error {
	switch {
	case r.Mode > queue.OneShot, r.Interest > queue.Both:
		return queue.ErrInvalid
	case r.Exclusive && !exclusive:
		return fmt.Errorf("exclusive: %w", errors.ErrUnsupported)
	}
	return nil
}
