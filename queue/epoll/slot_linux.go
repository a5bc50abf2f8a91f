package epoll

import (
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/internal/table"
)

// slot is the registration of a handle.
type slot = table.Slot[struct{}]

// exclusive is a bit of slot.Flags: Registration.Exclusive.
const exclusive = 1

// flagsOf returns the Flags of the registration r.
func flagsOf(r queue.Registration) uint8 {
	if r.Exclusive {
		return exclusive
	}
	return 0
}
