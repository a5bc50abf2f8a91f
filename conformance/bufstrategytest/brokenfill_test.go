package bufstrategytest

import (
	"errors"
	"io"

	"github.com/edgewise-go/edgewise/bufstrategy"
)

// fillFault breaks one rule of a Fill that otherwise follows the contract.
type fillFault struct {
	shortIsDrained    bool // every short read is taken for would-block
	bareOnly          bool // a wrapped would-block is not recognized
	fullIsDrained     bool
	asksWhenFull      bool
	dropsBeforeEOF    bool // bytes that come together with io.EOF are lost
	eofIsDrained      bool
	overshoots        bool // the budget is checked only between reads
	dropsBeforeError  bool
	errorIsDrained    bool
	nothingIsEOF      bool // a read of neither bytes nor an error is taken for the end
	ignoresDeclared   bool // ShortReadDrains is not used
	asksAlways        bool // ShortReadDrains is called after every read
	shortBeforeBudget bool // a read that the budget made small is taken for short
	neverAsks         bool // a ShortReader is taken to drain without a call of ShortReadDrains
	budgetIsDrained   bool
}

func (v fillFault) fill(dst bufstrategy.Buffer, src bufstrategy.TryReader, budget int) (bufstrategy.Outcome, int, error) {
	total := 0
	for {
		if budget > 0 && total >= budget {
			if v.budgetIsDrained {
				return bufstrategy.Drained, total, nil
			}
			return bufstrategy.Budget, total, nil
		}
		segs := dst.Space()
		if len(segs) == 0 {
			return v.full(dst, src, total)
		}
		offered := sum(segs)
		if budget > 0 && !v.overshoots {
			segs = first(segs, budget-total)
		}
		room := sum(segs)
		if v.shortBeforeBudget {
			room = offered
		}
		n, err := src.TryReadv(segs)
		n = max(n, 0)
		if v.dropsBeforeEOF && err == io.EOF || v.dropsBeforeError && err != nil {
			n = 0
		}
		dst.Commit(n)
		total += n
		if o, err, done := v.judge(src, n, room, err); done {
			return o, total, err
		}
	}
}

func (v fillFault) full(dst bufstrategy.Buffer, src bufstrategy.TryReader, total int) (bufstrategy.Outcome, int, error) {
	if v.asksWhenFull {
		_, _ = src.TryReadv(nil)
	}
	o := bufstrategy.Full
	if v.fullIsDrained {
		o = bufstrategy.Drained
	}
	if dst.Len() < dst.Limit() {
		return o, total, bufstrategy.ErrExhausted
	}
	return o, total, nil
}

func (v fillFault) judge(src bufstrategy.TryReader, n, room int, err error) (bufstrategy.Outcome, error, bool) {
	var blocked interface{ WouldBlock() bool }
	switch {
	case err == nil && n == 0:
		if v.nothingIsEOF {
			return bufstrategy.EOF, nil, true
		}
		return bufstrategy.Failed, io.ErrNoProgress, true
	case err == nil:
		return bufstrategy.Drained, nil, v.drained(src, n, room)
	case err == io.EOF:
		if v.eofIsDrained {
			return bufstrategy.Drained, nil, true
		}
		return bufstrategy.EOF, nil, true
	case v.bareOnly && errors.Unwrap(err) != nil:
		return bufstrategy.Failed, err, true
	case errors.As(err, &blocked) || v.errorIsDrained:
		return bufstrategy.Drained, nil, true
	}
	return bufstrategy.Failed, err, true
}

func (v fillFault) drained(src bufstrategy.TryReader, n, room int) bool {
	if v.shortIsDrained && n < room {
		return true
	}
	s, ok := src.(bufstrategy.ShortReader)
	if !ok || v.ignoresDeclared {
		return false
	}
	if v.neverAsks {
		return n < room
	}
	return (n < room || v.asksAlways) && s.ShortReadDrains()
}

// first cuts segs to n bytes.
func first(segs [][]byte, n int) [][]byte {
	var cut [][]byte
	for _, s := range segs {
		if k := min(len(s), n); k > 0 {
			cut = append(cut, s[:k:k])
			n -= k
		}
	}
	return cut
}

// flushFault breaks one rule of a Flush that otherwise follows the contract.
type flushFault struct {
	budgetFirst    bool // Budget is reported although nothing is left
	blockedIsEmpty bool
	blockedDrops   bool // the rest is discarded
	shortIsBlocked bool
	overshoots     bool
	errorDrops     bool // the rest is discarded
	wholeOnError   bool // a count returned with an error is ignored
}

func (v flushFault) flush(src bufstrategy.Buffer, dst bufstrategy.TryWriter, budget int) (bufstrategy.Outcome, int, error) {
	total := 0
	for {
		spent := budget > 0 && total >= budget
		if v.budgetFirst && spent {
			return bufstrategy.Budget, total, nil
		}
		if src.Len() == 0 {
			return bufstrategy.Emptied, total, nil
		}
		if spent {
			return bufstrategy.Budget, total, nil
		}
		segs := src.Segments()
		if budget > 0 && !v.overshoots {
			segs = first(segs, budget-total)
		}
		room := sum(segs)
		n, err := dst.TryWritev(segs)
		n = max(n, 0)
		if v.wholeOnError && err != nil {
			n = 0
		}
		src.Discard(n)
		total += n
		if o, err, done := v.judge(src, n, room, err); done {
			return o, total, err
		}
	}
}

func (v flushFault) judge(src bufstrategy.Buffer, n, room int, err error) (bufstrategy.Outcome, error, bool) {
	var blocked interface{ WouldBlock() bool }
	switch {
	case err == nil && n == 0:
		return bufstrategy.Failed, io.ErrNoProgress, true
	case err == nil:
		return bufstrategy.Blocked, nil, v.shortIsBlocked && n < room
	case errors.As(err, &blocked):
		if v.blockedDrops {
			src.Discard(src.Len())
		}
		if v.blockedIsEmpty {
			return bufstrategy.Emptied, nil, true
		}
		return bufstrategy.Blocked, nil, true
	}
	if v.errorDrops {
		src.Discard(src.Len())
	}
	return bufstrategy.Failed, err, true
}

func filling(v fillFault) Target {
	return joining(func(f *Fixture) { f.Fill = v.fill })
}

func flushing(v flushFault) Target {
	return joining(func(f *Fixture) { f.Flush = v.flush })
}

func joining(change func(*Fixture)) Target {
	target := pooled(256)
	open := target.Open
	target.Open = func(t T) (*Fixture, error) {
		f, err := open(t)
		if err == nil {
			change(f)
		}
		return f, err
	}
	return target
}

func fillMutants() []mutant {
	return []mutant{
		seen("fill takes short for drained", filling(fillFault{shortIsDrained: true}),
			"fill/drained-after-would-block"),
		seen("fill wants a bare would-block", filling(fillFault{bareOnly: true}), "fill/wrapped-would-block"),
		seen("fill takes full for drained", filling(fillFault{fullIsDrained: true}),
			"fill/one-byte-more-than-fits"),
		seen("fill asks when full", filling(fillFault{asksWhenFull: true}), "fill/full-without-asking"),
		seen("fill drops bytes before the end", filling(fillFault{dropsBeforeEOF: true}), "fill/eof-behind-data"),
		seen("fill takes the end for drained", filling(fillFault{eofIsDrained: true}),
			"zero/changes-nothing"),
		seen("fill reads more than the budget", filling(fillFault{overshoots: true}),
			"fill/budget"),
		seen("fill drops bytes before an error", filling(fillFault{dropsBeforeError: true}),
			"fill/failure-keeps-bytes"),
		seen("fill takes an error for drained", filling(fillFault{errorIsDrained: true}), "fill/failure-keeps-bytes"),
		seen("fill takes nothing for the end", filling(fillFault{nothingIsEOF: true}), "fill/no-progress"),
		seen("fill ignores ShortReadDrains", filling(fillFault{ignoresDeclared: true}), "short-read/saves-a-read"),
		seen("fill asks after every read", filling(fillFault{asksAlways: true}), "short-read/only-when-short"),
		seen("fill takes a small budget for a short read", filling(fillFault{shortBeforeBudget: true}), "short-read/only-when-short"),
		seen("fill believes without asking", filling(fillFault{neverAsks: true}),
			"short-read/not-with-emulated-edges"),
		seen("fill believes a socket with an urgent mark without asking", filling(fillFault{neverAsks: true}),
			"short-read/not-at-an-urgent-mark"),
		seen("fill takes the budget for drained", filling(fillFault{budgetIsDrained: true}),
			"fill/everything-without-a-stall"),
	}
}

func flushMutants() []mutant {
	return []mutant{
		seen("flush reports the budget though empty", flushing(flushFault{budgetFirst: true}), "flush/emptied"),
		seen("flush takes blocked for emptied", flushing(flushFault{blockedIsEmpty: true}),
			"flush/everything-to-a-slow-reader"),
		seen("flush drops the rest when blocked", flushing(flushFault{blockedDrops: true}),
			"flush/blocked-keeps-the-rest"),
		seen("flush takes short for blocked", flushing(flushFault{shortIsBlocked: true}),
			"flush/short-write-goes-on"),
		seen("flush writes more than the budget", flushing(flushFault{overshoots: true}), "flush/budget"),
		seen("flush drops the rest at an error", flushing(flushFault{errorDrops: true}), "flush/failure-keeps-the-rest"),
		seen("flush does not believe a count beside an error", flushing(flushFault{wholeOnError: true}),
			"flush/failure-keeps-the-rest"),
	}
}
