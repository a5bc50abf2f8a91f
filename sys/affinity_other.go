//go:build !linux

package sys

import (
	"errors"
	"fmt"
)

// BindThread is not to be had.
func BindThread(cpu int) (release func() error, err error) {
	return nil, fmt.Errorf("sys: binding a thread to CPU %d: %w", cpu, errors.ErrUnsupported)
}
