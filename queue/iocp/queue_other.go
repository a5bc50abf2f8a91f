//go:build !windows

package iocp

import (
	"errors"
	"fmt"

	"github.com/edgewise-go/edgewise/queue"
)

// New returns an error that is [errors.ErrUnsupported].
func New(Options) (queue.Queue, error) { return nil, fmt.Errorf("iocp: %w", errors.ErrUnsupported) }
