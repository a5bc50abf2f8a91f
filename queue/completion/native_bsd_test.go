//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package completion

import (
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/kqueue"
)

func openNative() (queue.Queue, error) { return kqueue.New(kqueue.Options{}) }
