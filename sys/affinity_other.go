//go:build !linux

package sys

import (
	"errors"
	"fmt"
)

// BindThread returns an error that is [errors.ErrUnsupported].
func BindThread(cpu int) (release func() error, err error) {
	return nil, fmt.Errorf("sys: bind thread to CPU %d: %w", cpu, errors.ErrUnsupported)
}
