//go:build !unix && !windows

package pool

import "errors"

const offHeapAvailable = false

func mapPrivate(int) ([]byte, error) { return nil, errors.ErrUnsupported }

func unmapPrivate([]byte) {}
