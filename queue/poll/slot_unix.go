//go:build unix

package poll

import (
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/internal/table"
)

// slot is the registration of a handle.
type slot = table.Slot[extra]

// extra holds the fields of a slot besides the common ones.
type extra struct {
	position int32          // in fds
	interest queue.Interest // the registered directions
}
