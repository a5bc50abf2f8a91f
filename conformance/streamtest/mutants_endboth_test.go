package streamtest

import (
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgewise-go/edgewise/sys"
)

// state polls h without waiting.
func state(h sys.Handle) int16 {
	fds := []sys.PollFD{{Fd: int32(h), Events: sys.PollOut}}
	sys.Poll(fds, 0)
	return fds[0].Revents
}

func endBothMutants() []mutant {
	return []mutant{
		broken("a reset is not for writers", registrations(func(r *brokenSource) {
			closed := make(chan struct{})
			var once sync.Once
			r.wait = func(d sys.Direction, deadline time.Time) error {
				err := r.Source.Wait(d, deadline)
				// A refused connect looks the same, but has no peer.
				if d == sys.Writable && err == nil && deadline.IsZero() && state(r.handle)&(sys.PollErr|sys.PollHup) != 0 {
					<-closed
					return net.ErrClosed
				}
				return err
			}
			r.close = func() error {
				once.Do(func() { close(closed) })
				return r.Source.Close()
			}
		}), "end/reset-both"),
		broken("a writer's waits return for nothing, many times", registrations(func(r *brokenSource) {
			var waits atomic.Int64
			var closed atomic.Bool
			r.wait = func(d sys.Direction, deadline time.Time) error {
				if d == sys.Writable && deadline.IsZero() && !closed.Load() && waits.Add(1) < 4*spinsMax {
					return nil
				}
				return r.Source.Wait(d, deadline)
			}
			r.close = func() error {
				closed.Store(true)
				return r.Source.Close()
			}
		}), "end/half-idle"),
	}
}
