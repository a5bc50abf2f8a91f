package epoll

import (
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
	"github.com/stretchr/testify/require"
)

// turns runs raw and ours alternately and reports the median ratio of their times. Other load on
// the machine affects both.
func turns(b *testing.B, raw, ours func(n int)) {
	const block, rounds = 200, 100
	raw(block)
	ours(block)
	for b.Loop() {
		var ratios, times []float64
		for i := range rounds {
			first, second := raw, ours
			if i%2 == 1 {
				first, second = ours, raw
			}
			begin := time.Now()
			first(block)
			middle := time.Now()
			second(block)
			x, y := middle.Sub(begin), time.Since(middle)
			if i%2 == 1 {
				x, y = y, x
			}
			ratios = append(ratios, float64(y)/float64(x))
			times = append(times, float64(y.Nanoseconds())/block)
		}
		slices.Sort(ratios)
		slices.Sort(times)
		b.ReportMetric(ratios[rounds/2], "ratio-to-raw")
		b.ReportMetric(times[rounds/2], "ns/turn")
	}
}

// BenchmarkWait measures the cost of a Wait that finds one event.
func BenchmarkWait(b *testing.B) {
	q := opened(b, Options{})
	h, _ := pair(b)
	require.NoError(b, q.Add(h, queue.Registration{Interest: queue.Writable}))
	events := make([]queue.Event, 64)
	raw := make([]sys.EpollEvent, 64)
	var sink uint64
	turns(b, func(n int) {
		for range n {
			n, _ := sys.EpollWait(q.ep, raw, 0)
			sink += sys.EpollData(&raw[n-1])
		}
	}, func(n int) {
		for range n {
			n, _ := q.Wait(events, 0)
			sink += uint64(events[n-1].Token)
		}
	})
	_ = sink
}

// BenchmarkLoop measures one turn of a loop: a message arrives, the Wait reports it, and the loop
// reads it.
func BenchmarkLoop(b *testing.B) {
	for mode, bits := range map[queue.Mode]uint32{queue.Level: 0, queue.Edge: sys.EpollEdge} {
		b.Run(mode.String(), func(b *testing.B) {
			q := opened(b, Options{})
			ours, oursPeer := pair(b)
			require.NoError(b, q.Add(ours, queue.Registration{Token: 1, Interest: queue.Readable, Mode: mode}))
			ep, err := sys.EpollCreate()
			require.NoError(b, err)
			b.Cleanup(func() { sys.Close(ep) })
			theirs, theirsPeer := pair(b)
			require.NoError(b, sys.EpollAdd(ep, theirs, sys.EpollIn|sys.EpollRDHup|bits, 1))
			message := make([]byte, 128)
			events := make([]queue.Event, 64)
			raw := make([]sys.EpollEvent, 64)
			receive := func(h sys.Handle) {
				if n, err := sys.Recv(h, message); n != len(message) || err != nil {
					b.Fatalf("Recv: got %d, %v; want the whole message", n, err)
				}
			}
			turns(b, func(n int) {
				for range n {
					_, _ = sys.Send(theirsPeer, message)
					n, _ := sys.EpollWait(ep, raw, time.Second)
					for i := range raw[:n] {
						if sys.EpollData(&raw[i]) == 1 && raw[i].Events&sys.EpollIn != 0 {
							receive(theirs)
						}
					}
				}
			}, func(n int) {
				for range n {
					_, _ = sys.Send(oursPeer, message)
					n, _ := q.Wait(events, time.Second)
					for _, e := range events[:n] {
						if e.Token == 1 && e.Ready.Directions().Has(queue.Readable) {
							receive(ours)
						}
					}
				}
			})
		})
	}
}

// BenchmarkWake measures two threads that alternately wake each other and wait: through queues, and
// through bare eventfds.
func BenchmarkWake(b *testing.B) {
	play := func(ring, wait [2]func()) func(n int) {
		return func(n int) {
			over := make(chan struct{})
			go func() {
				defer close(over)
				runtime.LockOSThread()
				defer runtime.UnlockOSThread()
				for range n {
					wait[1]()
					ring[0]()
				}
			}()
			for range n {
				ring[1]()
				wait[0]()
			}
			<-over
		}
	}
	var oursRing, oursWait, rawRing, rawWait [2]func()
	for i := range 2 {
		q := opened(b, Options{})
		events := make([]queue.Event, 64)
		oursRing[i] = func() { _ = q.Wake() }
		oursWait[i] = func() { _, _ = q.Wait(events, -1) }

		ep, err := sys.EpollCreate()
		require.NoError(b, err)
		bell, err := sys.Eventfd()
		require.NoError(b, err)
		b.Cleanup(func() { sys.Close(ep); sys.Close(bell) })
		require.NoError(b, sys.EpollAdd(ep, bell, sys.EpollIn|sys.EpollEdge, 1))
		raw := make([]sys.EpollEvent, 64)
		rawRing[i] = func() { _ = sys.EventfdSignal(bell) }
		rawWait[i] = func() {
			// Signals of Go's scheduler interrupt the wait, so repeat it.
			for n := 0; n == 0; {
				n, _ = sys.EpollWait(ep, raw, -1)
			}
		}
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	turns(b, play(rawRing, rawWait), play(oursRing, oursWait))
}
