//go:build !linux

package iouring

import (
	"errors"
	"fmt"

	"github.com/edgewise-go/edgewise/queue"
)

// New returns an error that is [errors.ErrUnsupported].
func New(Options) (queue.Completer, error) {
	return nil, fmt.Errorf("iouring: %w", errors.ErrUnsupported)
}
