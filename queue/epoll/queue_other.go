//go:build !linux

package epoll

import (
	"errors"
	"fmt"

	"github.com/edgewise-go/edgewise/queue"
)

// New returns an error that is [errors.ErrUnsupported].
func New(Options) (queue.Nester, error) { return nil, fmt.Errorf("epoll: %w", errors.ErrUnsupported) }
