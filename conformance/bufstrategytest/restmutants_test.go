package bufstrategytest

import "github.com/edgewise-go/edgewise/bufstrategy"

// timely are the cases in which a mutant may pass: the kernel has taken, or brought, everything by the time that it is asked.
var timely = []string{"rest/all-sent-before-the-first-read", "rest/end-at-the-limit", "rest/write-to-the-end"}

// restMutants have sockets.
func restMutants() []mutant {
	over := func(name string, target Target, cases ...string) mutant {
		m := seen(name, onSockets(target), cases...)
		m.Chance = timely
		return m
	}
	return []mutant{
		over("over sockets, fill takes full for drained", filling(fillFault{fullIsDrained: true}),
			"budget/refused-and-nothing-lost", "exhausted/nothing-lost", "fill/everything-without-a-stall",
			"fill/full-without-asking", "fill/one-byte-more-than-fits", "rest/all-sent-before-the-first-read",
			"rest/end-at-the-limit", "rest/read-to-the-end"),
		over("over sockets, fill takes the budget for drained", filling(fillFault{budgetIsDrained: true}),
			"fill/budget", "fill/everything-without-a-stall", "rest/all-sent-before-the-first-read",
			"rest/read-to-the-end", "short-read/only-when-short"),
		over("over sockets, fill takes short for drained", filling(fillFault{shortIsDrained: true}),
			"fill/budget", "fill/drained-after-would-block", "fill/eof-behind-data",
			"fill/everything-without-a-stall", "fill/failure-keeps-bytes", "fill/no-progress",
			"rest/all-sent-before-the-first-read", "rest/end-at-the-limit", "rest/read-to-the-end",
			"short-read/not-with-a-hang-up", "short-read/not-with-emulated-edges"),
		over("over sockets, fill takes the end for drained", filling(fillFault{eofIsDrained: true}),
			"fill/eof-behind-data", "fill/everything-without-a-stall", "fill/one-byte-more-than-fits",
			"rest/all-sent-before-the-first-read", "rest/end-at-the-limit", "rest/read-to-the-end",
			"short-read/not-with-a-hang-up", "zero/changes-nothing"),
		over("over sockets, fill takes drained for the end", joining(func(f *Fixture) { f.Fill = drainedIsEOF }),
			"exhausted/nothing-lost", "fill/drained-after-would-block", "fill/everything-without-a-stall",
			"fill/wrapped-would-block", "rest/read-to-the-end",
			"short-read/not-with-emulated-edges", "short-read/only-when-short", "short-read/saves-a-read",
			"zero/changes-nothing"),
		over("fill drops a byte at full", joining(func(f *Fixture) { f.Fill = dropsAtFull }),
			"fill/everything-without-a-stall", "fill/full-without-asking", "fill/one-byte-more-than-fits",
			"rest/all-sent-before-the-first-read", "rest/end-at-the-limit", "rest/read-to-the-end"),
		over("over sockets, flush loses a byte", joining(func(f *Fixture) { f.Flush = losesAByte }),
			"flush/blocked-keeps-the-rest", "flush/budget", "flush/everything-to-a-slow-reader",
			"flush/failure-keeps-the-rest", "rest/write-to-the-end"),
		over("over sockets, flush takes blocked for emptied", flushing(flushFault{blockedIsEmpty: true}),
			"flush/blocked-keeps-the-rest", "flush/everything-to-a-slow-reader"),
		over("over sockets, flush drops the rest when blocked", flushing(flushFault{blockedDrops: true}),
			"flush/blocked-keeps-the-rest", "flush/everything-to-a-slow-reader"),
		over("over sockets, flush takes short for blocked", flushing(flushFault{shortIsBlocked: true}),
			"flush/budget", "flush/everything-to-a-slow-reader", "flush/failure-keeps-the-rest",
			"flush/short-write-goes-on"),
		over("holds more than it promises", with(func(b bufstrategy.Buffer, _ Config) fault {
			return fault{stats: func() bufstrategy.Stats {
				s := b.Stats()
				s.ResidentMax += 1 << 20
				return s
			}}
		}),
			"model/random", "poison/never-unread", "rest/all-sent-before-the-first-read", "rest/end-at-the-limit",
			"rest/read-to-the-end", "rest/write-to-the-end"),
		over("discard of nothing takes a byte", with(func(b bufstrategy.Buffer, _ Config) fault {
			return fault{discard: func(n int) {
				if n == 0 {
					n = min(1, b.Len())
				}
				b.Discard(n)
			}}
		}),
			"budget/never-beyond", "discard/in-order", "flush/blocked-keeps-the-rest",
			"flush/everything-to-a-slow-reader", "flush/failure-keeps-the-rest", "model/random", "model/several",
			"poison/never-unread", "rest/write-to-the-end", "stats/discards", "wrap/every-position",
			"zero/changes-nothing"),
		over("a view is wrong at one position", with(func(b bufstrategy.Buffer, _ Config) fault {
			return fault{view: func(n int) ([]byte, error) {
				if b.Len() == 13 && b.Limit() == 17 && n == 11 {
					return b.View(10)
				}
				return b.View(n)
			}}
		}), "wrap/every-position"),
	}
}

func dropsAtFull(dst bufstrategy.Buffer, src bufstrategy.Source, budget int) (bufstrategy.Outcome, int, error) {
	o, n, err := bufstrategy.Fill(dst, src, budget)
	if o == bufstrategy.Full && err == nil {
		_, _ = src.TryReadv([][]byte{make([]byte, 1)})
	}
	return o, n, err
}

func drainedIsEOF(dst bufstrategy.Buffer, src bufstrategy.Source, budget int) (bufstrategy.Outcome, int, error) {
	o, n, err := bufstrategy.Fill(dst, src, budget)
	if o == bufstrategy.Drained {
		o = bufstrategy.EOF
	}
	return o, n, err
}

func losesAByte(src bufstrategy.Buffer, dst bufstrategy.Sink, budget int) (bufstrategy.Outcome, int, error) {
	o, n, err := bufstrategy.Flush(src, dst, budget)
	if n > 1 {
		src.Discard(min(1, src.Len()))
	}
	return o, n, err
}
