package sched

import (
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
	"github.com/stretchr/testify/require"
)

// BenchmarkWait measures, on each scheduler, a wait that does not suspend its caller. It also
// measures a turn of 100 yielding tasks.
func BenchmarkWait(b *testing.B) {
	for name, start := range starts {
		l := start(b, Options{Mode: queue.Edge})
		ha, hb, err := sys.SocketPair()
		require.NoError(b, err)
		b.Cleanup(func() {
			_ = sys.Close(ha)
			_ = sys.Close(hb)
		})
		waits := func(b *testing.B, reg Source) {
			for b.Loop() {
				reg.Interrupt(sys.Readable)
				if err := reg.Wait(sys.Readable, time.Time{}); err != nil {
					b.Error(err)
					return
				}
			}
		}
		b.Run(name+"/goroutine", func(b *testing.B) {
			reg, err := NewPollerOn(l).Register(ha)
			require.NoError(b, err)
			defer reg.Close()
			waits(b, reg)
		})
		b.Run(name+"/task", func(b *testing.B) {
			err := l.Call(b.Context(), "waits", func(*Task) error {
				reg, err := l.Waiter().Register(ha)
				if err != nil {
					return err
				}
				defer reg.Close()
				waits(b, reg)
				return nil
			})
			if err != nil {
				b.Error(err)
			}
		})
		b.Run(name+"/turn", func(b *testing.B) {
			const tasks = 100
			yields(b, l, tasks, 1+b.N/tasks)
		})
	}
}
