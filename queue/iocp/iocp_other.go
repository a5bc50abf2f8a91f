//go:build !windows

package iocp

import (
	"errors"
	"fmt"

	"github.com/edgewise-go/edgewise/queue"
)

// Queue is not available on this system.
type Queue struct{ queue.Queue }

// New returns an error that is [errors.ErrUnsupported].
func New(Options) (*Queue, error) { return nil, fmt.Errorf("iocp: %w", errors.ErrUnsupported) }
