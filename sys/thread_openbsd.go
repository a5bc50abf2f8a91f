package sys

import (
	"errors"
	"fmt"
)

// ThreadID is not to be had: getthrid(2) is for libc alone since syscall(2) was removed.
func ThreadID() (uint64, error) {
	return 0, fmt.Errorf("sys: thread id: %w", errors.ErrUnsupported)
}
