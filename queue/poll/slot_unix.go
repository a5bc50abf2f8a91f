//go:build unix

package poll

import (
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/internal/table"
)

// slot is the registration of a handle.
type slot = table.Slot[extra]

// extra is what a slot holds besides the common fields.
type extra struct {
	position int32          // in fds
	interest queue.Interest // the registered directions
}
