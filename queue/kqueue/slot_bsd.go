//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package kqueue

import (
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/internal/table"
)

// slot is the registration of a handle.
type slot = table.Slot[extra]

// extra holds the fields of a slot besides the common ones.
type extra struct {
	interest queue.Interest // the directions whose filters the kernel has
	ended    queue.Interest // directions that were reported as ended
	pipe     bool           // has one direction, which a hang-up ends
	end      bool           // endFilter is attached
}
