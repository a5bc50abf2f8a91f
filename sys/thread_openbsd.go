package sys

import (
	"errors"
	"fmt"
)

// ThreadID returns an error that is [errors.ErrUnsupported]: only libc can call getthrid(2) since
// syscall(2) was removed.
func ThreadID() (uint64, error) {
	return 0, fmt.Errorf("sys: read thread ID: %w", errors.ErrUnsupported)
}
