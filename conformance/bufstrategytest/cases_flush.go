package bufstrategytest

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"

	"github.com/edgewise-go/edgewise/bufstrategy"
)

func flushCases() []Case {
	return []Case{
		{
			ID: "flush/emptied", Doc: "bufstrategy.Emptied",
			Rule: "Emptied: all bytes were written.",
			Run: func(t T, f *Fixture) {
				b := f.open(t, Options{Limit: 1000})
				dst := &script{}
				wantFlush(t, f, b, dst, 0, bufstrategy.Emptied, 0)
				want := scatter(t, b)
				dst.steps = []step{{1 << 20, nil}, {1 << 20, nil}, {1 << 20, nil}, {1 << 20, nil}}
				// A budget that is just enough does not hide that nothing is left.
				wantFlush(t, f, b, dst, len(want), bufstrategy.Emptied, len(want))
				wantBytes(t, "written", dst.data, want)
			},
		}, {
			ID: "flush/blocked-keeps-the-rest", Doc: "bufstrategy.Blocked",
			Rule:   "Blocked: the sink would block. The rest stays in the buffer. Wait for writability.",
			Source: "bytes dropped or sent twice after a partial write: gnet #569, libuv 1158b845",
			Run: func(t T, f *Fixture) {
				for _, steps := range [][]step{
					{{4, wouldBlock{}}},
					{{4, nil}, {-1, wouldBlock{}}},
					{{4, nil}, {0, errors.Join(wouldBlock{})}},
				} {
					b := f.open(t, Options{Limit: 1000})
					put(t, b, []byte("sent,and the rest"))
					dst := &script{steps: steps}
					wantFlush(t, f, b, dst, 0, bufstrategy.Blocked, 4)
					wantBytes(t, "written", dst.data, []byte("sent"))
					wantUnread(t, b, []byte(",and the rest"))
				}
			},
		}, {
			ID: "flush/short-write-goes-on", Doc: "bufstrategy.Flush",
			Rule:   "Flush does not treat a short write as would-block: it continues until dst returns would-block.",
			Source: "tokio #7872",
			Run: func(t T, f *Fixture) {
				b := f.open(t, Options{Limit: 1000})
				put(t, b, []byte("piece by piece"))
				dst := &script{steps: []step{{1, nil}, {2, nil}, {3, nil}, {8, nil}}}
				wantFlush(t, f, b, dst, 0, bufstrategy.Emptied, 14)
				wantBytes(t, "written", dst.data, []byte("piece by piece"))
			},
		}, {
			ID: "flush/budget", Doc: "bufstrategy.Flush",
			Rule: "budget bounds the bytes that Flush writes. Flush never writes more.",
			Run: func(t T, f *Fixture) {
				b := f.open(t, Options{Limit: 1000})
				want := scatter(t, b)
				dst := &script{steps: []step{{60, nil}, {1000, nil}, {1000, nil}, {1000, nil}}}
				wantFlush(t, f, b, dst, 100, bufstrategy.Budget, 100)
				wantBytes(t, "written", dst.data, want[:100])
				wantUnread(t, b, want[100:])
			},
		}, {
			ID: "flush/failure-keeps-the-rest", Doc: "bufstrategy.Flush",
			Rule: "The error is nil except with Failed, where it is that of dst, unchanged. Bytes that dst did not count as written stay in src.",
			Run: func(t T, f *Fixture) {
				broken := errors.New("broken pipe")
				for _, c := range []struct {
					steps []step
					err   error
				}{
					{[]step{{2, nil}, {-1, broken}}, broken},
					{[]step{{2, broken}}, broken},
					{[]step{{2, nil}, {0, nil}}, io.ErrNoProgress},
				} {
					b := f.open(t, Options{Limit: 1000})
					put(t, b, []byte("ab rest"))
					o, n, err := f.flush(b, &script{steps: c.steps}, 0)
					if o != bufstrategy.Failed || n != 2 || err != c.err {
						t.Errorf("Flush: %v, %d, %v, want failed, 2, %v", o, n, err, c.err)
					}
					wantUnread(t, b, []byte(" rest"))
				}
			},
		}, {
			ID: "flush/everything-to-a-slow-reader", Doc: "bufstrategy.Buffer.Paused",
			Rule:   "Paused is advice, which the producer may ignore. Limit is the bound.",
			Source: "a peer that does not read took all memory: gnet #213, #214, #423",
			Run:    flushEverything,
		},
	}
}

func wantFlush(t T, f *Fixture, b bufstrategy.Buffer, dst bufstrategy.TryWriter, budget int, want bufstrategy.Outcome, wantN int) {
	t.Helper()
	o, n, err := f.flush(b, dst, budget)
	if o != want || n != wantN || err != nil {
		t.Fatalf("Flush: %v, %d, %v, want %v, %d", o, n, err, want, wantN)
	}
}

// slowSink takes room bytes, in pieces, and then would block.
type slowSink struct {
	room     int
	writeMax func() int
	got      []byte
	blocked  bool
}

func (s *slowSink) TryWritev(segs [][]byte) (int, error) {
	s.blocked = s.room == 0
	if s.blocked {
		return -1, wouldBlock{}
	}
	n := min(s.room, s.writeMax(), sum(segs))
	s.got = appendFirst(s.got, segs, n)
	s.room -= n
	return n, nil
}

func flushEverything(t T, f *Fixture) {
	const limit = 4 << 10
	data := pattern(200_000, 23)
	rng := rand.New(rand.NewPCG(24, 24))
	b := f.open(t, Options{Limit: limit, High: 3000, Low: 1000})
	dst := &slowSink{writeMax: pieces(rng, limit)}
	room, give := pieces(rng, 2*limit), pieces(rng, 1000)
	left := data
	for turn := 0; len(left) > 0 || b.Len() > 0; turn++ {
		if turn == fillTurnsMax {
			t.Fatalf("no end after %d turns, %d bytes written", turn, len(dst.got))
		}
		for !b.Paused() && len(left) > 0 {
			n := putOnce(b, left[:min(give(), len(left))])
			left = left[n:]
			if n == 0 || b.Len() > b.Limit() {
				t.Fatalf("not paused with %d bytes of Limit %d", b.Len(), b.Limit())
			}
		}
		switch o, _, err := f.flush(b, dst, 2000); o {
		case bufstrategy.Emptied, bufstrategy.Budget:
		case bufstrategy.Blocked:
			if !dst.blocked {
				t.Fatalf("stalled: Blocked, but the sink has room for %d bytes", dst.room)
			}
			dst.room += room()
		default:
			t.Fatalf("Flush: %v, %v", o, err)
		}
	}
	if !bytes.Equal(dst.got, data) {
		t.Fatalf("%d bytes were written, not the %d that were produced", len(dst.got), len(data))
	}
}
