//go:build !linux

package iouring

import (
	"errors"
	"fmt"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// Queue is not available on this system.
type Queue struct{ queue.Queue }

// New returns an error that is [errors.ErrUnsupported].
func New(Options) (*Queue, error) { return nil, fmt.Errorf("iouring: %w", errors.ErrUnsupported) }

// Handle returns [sys.Invalid].
func (q *Queue) Handle() sys.Handle { return sys.Invalid }
