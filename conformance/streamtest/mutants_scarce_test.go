package streamtest

import (
	"errors"
	"syscall"
)

func scarceMutants() []mutant {
	return []mutant{
		broken("CloseWrite makes room", queues(func(b *brokenQueue) {
			b.waitRoom = func(n int) error {
				err := b.WriteQueue.WaitRoom(n)
				if errors.Is(err, syscall.EPIPE) {
					return nil
				}
				return err
			}
		}), "queue/no-room"),
	}
}
