package bufstrategytest

import (
	"slices"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

// restMutants have sockets.
func restMutants() []mutant {
	over := func(name string, target Target, detects string) mutant { return seen(name, onSockets(target), detects) }
	return []mutant{
		over("over sockets, fill takes full for drained", filling(fillFault{fullIsDrained: true}),
			"rest/read-to-the-end"),
		over("over sockets, fill takes the budget for drained", filling(fillFault{budgetIsDrained: true}),
			"rest/all-sent-before-the-first-read"),
		over("over sockets, fill takes short for drained", filling(fillFault{shortIsDrained: true}),
			"fill/no-progress"),
		over("over sockets, fill takes the end for drained", filling(fillFault{eofIsDrained: true}),
			"short-read/not-with-a-hang-up"),
		over("over sockets, fill takes drained for the end", joining(func(f *Fixture) { f.Fill = drainedIsEOF }),
			"fill/wrapped-would-block"),
		over("fill drops a byte at full", joining(func(f *Fixture) { f.Fill = dropsAtFull }),
			"rest/end-at-the-limit"),
		over("over sockets, flush loses a byte", joining(func(f *Fixture) { f.Flush = losesAByte }),
			"rest/write-to-the-end"),
		over("over sockets, flush takes blocked for emptied", flushing(flushFault{blockedIsEmpty: true}),
			"flush/blocked-keeps-the-rest"),
		over("over sockets, flush drops the rest when blocked", flushing(flushFault{blockedDrops: true}),
			"flush/blocked-keeps-the-rest"),
		over("over sockets, flush takes short for blocked", flushing(flushFault{shortIsBlocked: true}),
			"flush/short-write-goes-on"),
		over("holds more than it promises", with(func(b bufstrategy.Buffer, _ Options) fault {
			return fault{stats: func() bufstrategy.Stats {
				s := b.Stats()
				s.PeakResident += 1 << 20
				return s
			}}
		}),
			"rest/read-to-the-end"),
		over("discard of nothing takes a byte", with(func(b bufstrategy.Buffer, _ Options) fault {
			return fault{discard: func(n int) {
				if n == 0 {
					n = min(1, b.Len())
				}
				b.Discard(n)
			}}
		}),
			"discard/in-order"),
		over("a view is wrong at one position", with(func(b bufstrategy.Buffer, _ Options) fault {
			return fault{view: func(n int) ([]byte, error) {
				if b.Len() == 13 && b.Limit() == 17 && n == 11 {
					return b.View(10)
				}
				return b.View(n)
			}}
		}), "wrap/every-position"),
		seen("over operations, fill takes full for drained", movedBy(filling(fillFault{fullIsDrained: true}), func(m moved) Conn { return m }),
			"rest/all-sent-before-the-first-read"),
		seen("an operation loses what it has read", movedBy(byName("fixed"), func(m moved) Conn { return losingReads{m} }),
			"rest/read-to-the-end"),
		seen("an operation writes a byte less than it counts", movedBy(byName("fixed"), func(m moved) Conn { return losingWrites{m} }),
			"rest/write-to-the-end"),
	}
}

// movedBy is target on a loop that moves the bytes, with connections that are what wrap returns.
func movedBy(target Target, wrap func(moved) Conn) Target {
	return onLoop(target, "poll"+completing, queue.Edge, form{"handler", func(l *sched.Loop) func(T, stream.Socket, sys.Direction, func(Conn) Next) error {
		return servedThrough(l, wrap)
	}}, 0)
}

// losingReads drops the bytes of reads that take all the room.
type losingReads struct{ moved }

func (l losingReads) TryReadv(segs [][]byte) (int, error) {
	n, err := l.moved.TryReadv(segs)
	if n > 0 && n == sum(segs) {
		return l.moved.TryReadv(segs)
	}
	return n, err
}

// losingWrites drops the last byte of writes of several bytes.
type losingWrites struct{ moved }

func (l losingWrites) TryWritev(segs [][]byte) (int, error) {
	segs = slices.Clone(segs)
	last := &segs[len(segs)-1]
	if len(*last) < 2 {
		return l.moved.TryWritev(segs)
	}
	*last = (*last)[:len(*last)-1]
	n, err := l.moved.TryWritev(segs)
	if n == sum(segs) {
		n++
	}
	return n, err
}

func dropsAtFull(dst bufstrategy.Buffer, src bufstrategy.TryReader, budget int) (bufstrategy.Outcome, int, error) {
	o, n, err := bufstrategy.Fill(dst, src, budget)
	if o == bufstrategy.Full && err == nil {
		_, _ = src.TryReadv([][]byte{make([]byte, 1)})
	}
	return o, n, err
}

func drainedIsEOF(dst bufstrategy.Buffer, src bufstrategy.TryReader, budget int) (bufstrategy.Outcome, int, error) {
	o, n, err := bufstrategy.Fill(dst, src, budget)
	if o == bufstrategy.Drained {
		o = bufstrategy.EOF
	}
	return o, n, err
}

func losesAByte(src bufstrategy.Buffer, dst bufstrategy.TryWriter, budget int) (bufstrategy.Outcome, int, error) {
	o, n, err := bufstrategy.Flush(src, dst, budget)
	if n > 1 {
		src.Discard(min(1, src.Len()))
	}
	return o, n, err
}
