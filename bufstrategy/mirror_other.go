//go:build !unix && !windows

package bufstrategy

import (
	"errors"
	"fmt"
)

func mirrorGranularity() int { return 1 }

func mapMirrored(int) ([]byte, error) {
	return nil, fmt.Errorf("bufstrategy: map memory twice: %w", errors.ErrUnsupported)
}

func unmapMirrored([]byte) {}
