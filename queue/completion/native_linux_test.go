package completion

import (
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/epoll"
)

func openNative() (queue.Queue, error) { return epoll.New(epoll.Options{}) }
