//go:build !unix

package netpoll

import (
	"errors"
	"fmt"

	"github.com/edgewise-go/edgewise/queue"
)

// New returns [errors.ErrUnsupported]: no queue of this system can be waited for by its handle.
func New(q queue.Queue) (queue.Queue, error) {
	return nil, fmt.Errorf("netpoll: queue %s has no handle: %w", q.Features().Mechanism, errors.ErrUnsupported)
}
