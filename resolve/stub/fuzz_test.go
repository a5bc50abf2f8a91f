package stub

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/edgewise-go/edgewise/resolve"
)

// FuzzForged: no byte string from anybody but the server changes a result. A forger cannot know the
// pair of a link and an ID; the fuzzer chooses everything else, including the question.
func FuzzForged(f *testing.F) {
	w := newNetwork(f, 1, Options{})
	w.start("one.example")
	q := w.sent[0]
	good := reply(q, nil)
	f.Add(good, uint16(1), true)
	f.Add(q.raw, uint16(0), false)
	f.Add([]byte{}, uint16(0), true)
	f.Add(good[:5], uint16(9), false)
	f.Fuzz(func(t *testing.T, forged []byte, id uint16, over bool) {
		w := newNetwork(t, 2, Options{})
		streamed := false
		w.serve[addr(1)] = func(q arrival) []packet {
			streamed = streamed || q.stream
			return w.answers(q)
		}
		query := w.start("one.example")
		first := w.sent[0]
		if len(forged) >= 2 && over {
			binary.BigEndian.PutUint16(forged, first.id+1+id%0xffff) // every ID but the right one
		} else if len(forged) >= 2 && binary.BigEndian.Uint16(forged) == first.id {
			forged[0]++
		}
		w.deliver(first.link, forged)
		w.settle(time.Millisecond)
		w.deliver(first.link, forged)
		r := w.wait(query)
		r.good(t)
		require.Equal(t, rtt, r.at)
		require.Equal(t, addr(1), r.answer.Server)
		w.settle(time.Minute)
		require.Equal(t, 1, r.n)
		require.Empty(t, w.open)
		w.idle()
	})
}

// FuzzServer: whatever the server itself sends, each lookup completes once, in time, and nothing is
// left of it.
func FuzzServer(f *testing.F) {
	w := newNetwork(f, 1, Options{})
	w.start("one.example")
	f.Add(reply(w.sent[0], nil), reply(w.sent[0], nil), uint8(0))
	f.Add([]byte{}, []byte{0}, uint8(1))
	f.Add(w.sent[0].raw, w.sent[0].raw, uint8(7))
	f.Fuzz(func(t *testing.T, one, two []byte, plan uint8) {
		w := newNetwork(t, 2, Options{MixCase: plan&1 != 0, TrustAD: plan&2 != 0, Rotate: plan&4 != 0, Streams: plan&8 != 0})
		evil := func(q arrival) []packet {
			var all []packet
			for i, data := range [][]byte{one, two} {
				data = append([]byte(nil), data...)
				if len(data) >= 2 {
					binary.BigEndian.PutUint16(data, q.id)
				}
				all = append(all, packet{time.Duration(i+1) * rtt, q.link, data})
			}
			return all
		}
		w.serve[addr(1)] = evil
		if plan&16 != 0 {
			w.serve[addr(2)] = evil
		}
		for _, name := range []string{"one.example", "two.example"} {
			r := w.lookup(name)
			require.Equal(t, 1, r.n)
			require.LessOrEqual(t, r.at, 3*DefaultTimeout)
			if r.err != nil {
				var e *resolve.Error
				require.ErrorAs(t, r.err, &e)
			}
		}
		w.settle(time.Minute)
		require.Empty(t, w.open)
		require.LessOrEqual(t, len(w.sent), 2*MaxWire)
		w.idle()
	})
}
