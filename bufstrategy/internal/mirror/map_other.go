//go:build !unix && !windows

package mirror

import (
	"errors"
	"fmt"
)

// Granularity returns 1: no memory can be mapped twice.
func Granularity() int { return 1 }

func mapTwice(int) ([]byte, error) {
	return nil, fmt.Errorf("mirror: map memory twice: %w", errors.ErrUnsupported)
}

// Unmap does nothing.
func Unmap([]byte) {}
