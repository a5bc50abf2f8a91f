package bufstrategytest

import "github.com/edgewise-go/edgewise/bufstrategy"

func shortReadCases() []Case {
	return []Case{
		{
			ID: "short-read/saves-a-read", Doc: "bufstrategy.ShortReader",
			Rule: "ShortReadDrains reports true if a read that got fewer bytes than it asked for proves that the source is drained, " +
				"and if every byte that arrives after it causes a readiness event.",
			Source: "an extra read per message that only finds that there is no more",
			Run: func(t T, f *Fixture) {
				b := f.open(t, Options{Limit: 1000})
				src := &shortSocket{socket: socket{data: pattern(80, 19), arrived: 50}}
				wantFill(t, f, b, src, 0, bufstrategy.Drained, 50)
				src.wait(30)
				wantFill(t, f, b, src, 0, bufstrategy.Drained, 30)
				if src.reads != 2 {
					t.Errorf("%d reads for two messages, want 2", src.reads)
				}
			},
		}, {
			ID: "short-read/only-when-short", Doc: "bufstrategy.ShortReader",
			Rule:   "Fill calls ShortReadDrains after each short read, and after no other.",
			Source: "an exact read mistaken for the last: tokio #5866",
			Run: func(t T, f *Fixture) {
				b := f.open(t, Options{Limit: 1000})
				n := sum(b.Space())
				b.Commit(0)
				src := &shortSocket{socket: socket{data: pattern(b.Limit(), 20), arrived: n}}
				src.readMax = func() int { return n }
				want := src.data[:n]
				if n == b.Limit() {
					wantFill(t, f, b, src, 0, bufstrategy.Full, n)
				} else {
					wantFill(t, f, b, src, 0, bufstrategy.Drained, n)
				}
				if src.asked > 0 {
					t.Errorf("ShortReadDrains was called after a read that was not short")
				}
				wantUnread(t, b, want)
				// A budget makes the read smaller, but not short.
				b.Release()
				src = &shortSocket{socket: socket{data: pattern(100, 21), arrived: 100}}
				wantFill(t, f, b, src, 10, bufstrategy.Budget, 10)
			},
		}, {
			ID: "short-read/not-with-a-hang-up", Doc: "bufstrategy.ShortReader",
			Rule:   "ShortReadDrains reports false after any event with a hang-up or an end of stream. Data and FIN arrive as one event, the short read takes the data, and no second event comes for the end.",
			Source: "a short read hides the end: netpoll #278, netty #4317, #6303",
			Run: func(t T, f *Fixture) {
				b := f.open(t, Options{Limit: 1000})
				src := &shortSocket{socket: socket{data: pattern(3, 22), arrived: 3, fin: true}}
				want := src.data
				wantFill(t, f, b, src, 0, bufstrategy.EOF, 3)
				wantUnread(t, b, want)
			},
		}, {
			ID: "short-read/not-with-emulated-edges", Doc: "bufstrategy.ShortReader",
			Rule:   "ShortReadDrains reports false if edges are emulated, as over poll(2) or on Windows. There, only would-block arms an event, and a short read does not declare it.",
			Source: "tokio #5866, #7872",
			Run: func(t T, f *Fixture) {
				b := f.open(t, Options{Limit: 1000})
				src := &shortSocket{socket: socket{data: pattern(30, 25), arrived: 20}, emulated: true}
				for _, n := range []int{20, 10} {
					wantFill(t, f, b, src, 0, bufstrategy.Drained, n)
					if !src.blocked {
						t.Errorf("Drained after %d bytes and before would-block: no event is armed", n)
					}
					src.wait(10)
				}
			},
		},
	}
}
