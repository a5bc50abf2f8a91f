package epoll

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
	"github.com/stretchr/testify/require"
)

// FuzzDeliver delivers events with arbitrary bits and data, as a faulty kernel might: 4 bytes of
// bits and 8 of data each. No event may belong to a registration other than the one it names, nor
// to a direction outside the interest.
func FuzzDeliver(f *testing.F) {
	for _, data := range []uint64{0, 3, 1 << 32, math.MaxUint32, math.MaxUint64, wakeData, math.MaxInt32} {
		for _, bits := range []uint32{0, sys.EpollIn, sys.EpollOut | sys.EpollHup, sys.EpollErr, math.MaxUint32} {
			f.Add(binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint32(nil, bits), data))
		}
	}
	f.Fuzz(func(t *testing.T, script []byte) {
		q := opened(t, Options{})
		var registered [4]queue.Registration
		for i := range registered {
			h, _ := pair(t)
			registered[i] = queue.Registration{Token: queue.Token(i), Interest: queue.Interest(i % 4), Mode: queue.Mode(i % 3)}
			require.NoError(t, q.Add(h, registered[i]))
			// Make short scripts reach the slots.
			script = append(script, 0xff, 0xff, 0xff, 0xff, byte(h), 0, 0, 0, byte(i&1), 0, 0, 0)
		}
		events := make([]queue.Event, len(script)/12)
		raw := rawEvents(events)
		for i := range raw {
			data := binary.LittleEndian.Uint64(script[12*i+4:])
			raw[i] = sys.EpollEvent{Events: binary.LittleEndian.Uint32(script[12*i:]), Fd: int32(data), Pad: int32(data >> 32)}
		}
		n, _, err := q.deliver(events, raw)
		if err != nil || n < 0 || n > len(events) {
			t.Fatalf("deliver: got %d events of %d raw ones, %v", n, len(raw), err)
		}
		for _, e := range events[:n] {
			if e.Token >= queue.Token(len(registered)) {
				t.Fatalf("event %+v has the token of no registration", e)
			}
			r := registered[e.Token]
			if d := e.Ready.Directions(); d == queue.None || d&^r.Interest != 0 || e.Disarmed != queue.None && r.Mode != queue.OneShot {
				t.Fatalf("got event %+v for registration %+v", e, r)
			}
		}
	})
}
