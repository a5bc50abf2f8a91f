package bufstrategytest

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/conformance/internal/suite"
)

func fillCases() []Case {
	return []Case{
		{
			ID: "fill/drained-after-would-block", Doc: "bufstrategy.Fill",
			Rule:   "Fill reports Drained only after src has returned would-block.",
			Source: "an edge comes once: bytes left in the socket cause no other (shadow #3274)",
			Run:    fillDrained,
		}, {
			ID: "fill/wrapped-would-block", Doc: "bufstrategy.TryReader",
			Rule: "If there is nothing to read, the source returns an error whose method WouldBlock() bool reports true, or an error that wraps such an error.",
			Run: func(t T, f *Fixture) {
				b := f.open(t, Options{Limit: 1000})
				wantFill(t, f, b, &socket{wrap: true}, 0, bufstrategy.Drained, 0)
			},
		}, {
			ID: "fill/full-without-asking", Doc: "bufstrategy.Fill",
			Rule: "Fill reports Full as soon as dst has no room, without reading from src.",
			Run: func(t T, f *Fixture) {
				b := f.open(t, Options{Limit: 1000})
				more := b.Limit() + 4000
				src := &socket{data: pattern(more, 14), arrived: more}
				want := src.data[:b.Limit()]
				wantFill(t, f, b, src, 0, bufstrategy.Full, b.Limit())
				reads := src.reads
				wantFill(t, f, b, src, 0, bufstrategy.Full, 0)
				if src.reads != reads {
					t.Errorf("a full buffer that reads from its source")
				}
				wantUnread(t, b, want)
			},
		}, {
			ID: "fill/eof-behind-data", Doc: "bufstrategy.Fill",
			Rule:   "Fill reports EOF after src has ended. The bytes before the end are in dst.",
			Source: "data and FIN in one event: netpoll #122, #226, netty #3709",
			Run:    fillEOF,
		}, {
			ID: "fill/budget", Doc: "bufstrategy.Fill",
			Rule:   "budget bounds the bytes that Fill reads. Fill never reads more.",
			Source: "one fast peer starves the other connections of a loop",
			Run: func(t T, f *Fixture) {
				b := f.open(t, Options{Limit: 1000})
				src := &script{data: pattern(900, 15), steps: []step{{60, nil}, {40, nil}, {1, nil}, {1000, nil}}}
				wantFill(t, f, b, src, 100, bufstrategy.Budget, 100)
				wantFill(t, f, b, src, 1, bufstrategy.Budget, 1)
				for i, most := range []int{100, 40, 1} {
					if i >= len(src.sizes) || src.sizes[i] > most {
						t.Errorf("asked for %v bytes, want at most 100, 40, 1", src.sizes)
						break
					}
				}
				// This is one byte less than there is room for.
				b = f.open(t, Options{Limit: 1000})
				budget := sum(b.Space()) - 1
				b.Commit(0)
				wantFill(t, f, b, &socket{data: pattern(2*budget, 26), arrived: 2 * budget}, budget, bufstrategy.Budget, budget)
			},
		}, {
			ID: "fill/failure-keeps-bytes", Doc: "bufstrategy.Fill",
			Rule:   "With Failed, the error is that of src, unchanged. Bytes read before the error are in dst.",
			Source: "-1 mistaken for a count: gnet #569; a reset after data: netpoll #128",
			Run:    fillFailure,
		}, {
			ID: "fill/no-progress", Doc: "bufstrategy.Fill",
			Rule: "io.ErrNoProgress reports that src returned neither bytes nor an error.",
			Run: func(t T, f *Fixture) {
				b := f.open(t, Options{Limit: 1000})
				o, n, err := f.fill(b, &script{data: []byte("abc"), steps: []step{{3, nil}, {0, nil}}}, 0)
				if o != bufstrategy.Failed || n != 3 || err != io.ErrNoProgress {
					t.Errorf("Fill: %v, %d, %v, want failed, 3, %v", o, n, err, io.ErrNoProgress)
				}
				wantUnread(t, b, []byte("abc"))
			},
		}, {
			ID: "fill/everything-without-a-stall", Doc: "bufstrategy.Full",
			Rule: "Full: the buffer has no room, and bytes may remain in the source. Consume, then Fill again without waiting for " +
				"readiness: the edge for bytes that are already there has been delivered and does not come again.",
			Source: "a full buffer while more can be read: shadow #3274; a connection that yielded and was forgotten: nbio",
			Run:    fillEverything,
		},
	}
}

func wantFill(t T, f *Fixture, b bufstrategy.Buffer, src bufstrategy.TryReader, budget int, want bufstrategy.Outcome, wantN int) {
	t.Helper()
	o, n, err := f.fill(b, src, budget)
	if o != want || n != wantN || err != nil {
		t.Errorf("Fill: %v, %d, %v, want %v, %d", o, n, err, want, wantN)
	}
}

func fillDrained(t T, f *Fixture) {
	b := f.open(t, Options{Limit: 1000})
	src := &socket{data: pattern(100, 16), arrived: 60, readMax: func() int { return 7 }}
	want := src.data
	wantFill(t, f, b, src, 0, bufstrategy.Drained, 60)
	if !src.blocked {
		t.Errorf("the source has not returned would-block")
	}
	src.wait(40)
	wantFill(t, f, b, src, 1000, bufstrategy.Drained, 40)
	wantFill(t, f, b, src, 0, bufstrategy.Drained, 0)
	wantUnread(t, b, want)
}

func fillEOF(t T, f *Fixture) {
	abc := []byte("abc")
	for _, steps := range [][]step{
		{{3, nil}, {0, io.EOF}},
		{{3, io.EOF}},
		{{1, nil}, {2, nil}, {-1, io.EOF}},
	} {
		b := f.open(t, Options{Limit: 10})
		wantFill(t, f, b, &script{data: abc, steps: steps}, 0, bufstrategy.EOF, 3)
		wantUnread(t, b, abc)
	}
}

func fillFailure(t T, f *Fixture) {
	reset := errors.New("connection reset")
	for _, steps := range [][]step{
		{{3, nil}, {0, reset}},
		{{3, nil}, {-1, reset}},
		{{3, reset}},
	} {
		b := f.open(t, Options{Limit: 10})
		o, n, err := f.fill(b, &script{data: []byte("abc"), steps: steps}, 0)
		if o != bufstrategy.Failed || n != 3 || err != reset {
			t.Errorf("Fill: %v, %d, %v, want failed, 3, %v", o, n, err, reset)
		}
		wantUnread(t, b, []byte("abc"))
	}
}

// fillTurnsMax bounds the turns of a loop that never reaches the end.
const fillTurnsMax = 50_000

func fillEverything(t T, f *Fixture) {
	size := suite.Extent(256<<10, 1<<20) // several times the largest limit
	data := pattern(size, 18)
	for seed, limit := range []int{1 << 10, 4 << 10, 64 << 10} {
		rng := rand.New(rand.NewPCG(uint64(seed), 17))
		src := &socket{data: data, fin: true, readMax: pieces(rng, limit)}
		arrive, take := pieces(rng, 3*limit), pieces(rng, 2*limit)
		b := f.open(t, Options{Limit: limit})
		got := drive(t, f, b, src, arrive, take, limit/2+1)
		if !bytes.Equal(got, data) {
			t.Fatalf("limit %d, seed %d: %d bytes came, not the %d that were sent", limit, seed, len(got), size)
		}
	}
}

// drive is the loop of a connection on an edge-triggered queue: it waits only after Drained.
func drive(t T, f *Fixture, b bufstrategy.Buffer, src *socket, arrive, take func() int, budget int) []byte {
	t.Helper()
	got := make([]byte, 0, len(src.data))
	src.wait(arrive())
	for range fillTurnsMax {
		o, _, err := f.fill(b, src, budget)
		if err != nil {
			t.Fatalf("Fill: %v: %v after %d bytes", o, err, len(got))
		}
		k := min(take(), b.Len())
		if o == bufstrategy.EOF {
			k = b.Len()
		}
		got = appendFirst(got, b.Segments(), k)
		b.Discard(k)
		switch o {
		case bufstrategy.EOF:
			return got
		case bufstrategy.Drained:
			if !src.wait(arrive()) {
				t.Fatalf("stalled: Drained with %d bytes, or the end, still in the socket", src.arrived)
			}
		case bufstrategy.Full, bufstrategy.Budget:
		default:
			t.Fatalf("Fill: %v", o)
		}
	}
	t.Fatalf("no end after %d turns, %d bytes", fillTurnsMax, len(got))
	return nil
}
