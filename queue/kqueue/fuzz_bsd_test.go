//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package kqueue

import (
	"math"
	"testing"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
	"github.com/stretchr/testify/require"
)

// FuzzEventOf reads an event with arbitrary contents, as a faulty kernel might deliver it. No event
// may belong to a registration other than the one it names, nor to a direction outside the
// interest.
func FuzzEventOf(f *testing.F) {
	for _, ident := range []uint64{0, 1, math.MaxInt32, math.MaxUint64} {
		for _, filter := range []int32{0, sys.EvfiltRead, sys.EvfiltWrite, math.MinInt32} {
			f.Add(ident, filter, uint32(math.MaxUint32), uint32(1), uint64(0), byte(3))
			f.Add(ident, filter, uint32(0), uint32(0), uint64(1), byte(9))
		}
	}
	f.Fuzz(func(t *testing.T, ident uint64, filter int32, flags, fflags uint32, udata uint64, how byte) {
		q := opened(t)
		h, peer, err := sys.SocketPair()
		require.NoError(t, err)
		t.Cleanup(func() {
			sys.Close(h)
			sys.Close(peer)
		})
		r := queue.Registration{Token: 7, Interest: queue.Interest(how % 4), Mode: modes[how/4%3]}
		require.NoError(t, q.Add(h, r))
		q.Mu.Lock()
		defer q.Mu.Unlock()
		for _, e := range []sys.Kevent{{Ident: uintptr(ident), Udata: uintptr(udata)}, {Ident: uintptr(h)}} {
			named := e.Ident == uintptr(h) && e.Udata == 0
			e.Filter, e.Flags, e.Fflags = sys.KeventFilter(filter), sys.KeventFlags(flags), fflags
			event, ok := q.eventOf(&e)
			if d := event.Ready.Directions(); ok && (!named || event.Token != r.Token || d == queue.None || d&^r.Interest != 0) {
				t.Fatalf("raw event %+v became %+v for registration %+v", e, event, r)
			}
		}
	})
}
