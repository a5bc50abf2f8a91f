package bufstrategy

import (
	"errors"
	"fmt"
	"io"

	"github.com/edgewise-go/edgewise/bufstrategy/internal/try"
)

// Outcome is the reason why Fill or Flush stopped.
type Outcome uint8

// The outcomes. Fill reports Drained, Full, EOF, Budget or Failed. Flush reports Emptied, Blocked,
// Budget or Failed.
const (
	// Failed means that the operation returned an error. The error is none of those that have an
	// outcome of their own.
	Failed Outcome = iota

	// Drained means that the source would block. Wait for readiness.
	Drained

	// Full means that the buffer has no room. Bytes may remain in the source. Consume, then call
	// Fill again without waiting for readiness: the edge for bytes that are already there was
	// delivered and does not recur.
	Full

	// EOF means that the source has ended. The bytes before the end are in the buffer.
	EOF

	// Budget means that the allowed number of bytes was moved. The socket is still ready: yield,
	// then continue without waiting.
	Budget

	// Emptied means that all bytes were written.
	Emptied

	// Blocked means that the sink would block. The rest stays in the buffer. Wait for writability.
	Blocked
)

func (o Outcome) String() string {
	switch o {
	case Failed:
		return "failed"
	case Drained:
		return "drained"
	case Full:
		return "full"
	case EOF:
		return "eof"
	case Budget:
		return "budget"
	case Emptied:
		return "emptied"
	case Blocked:
		return "blocked"
	}
	return fmt.Sprintf("Outcome(%d)", uint8(o))
}

// TryReader is a socket to read from that never blocks.
//
// TryReadv reads once into segs, none of which is empty, and returns the number of bytes read. At
// the end of the stream it returns io.EOF. If there is nothing to read, it returns an error that
// has, or wraps an error that has, a method WouldBlock() bool that reports true. A negative count
// returned with an error counts as zero. TryReadv must not keep segs.
type TryReader interface {
	TryReadv(segs [][]byte) (int, error)
}

// ShortReader is an optional extension of TryReader that saves one system call per message.
//
// Without it, Fill reads until the source returns would-block. A message then costs two reads: one
// for the bytes and one to learn that there are no more.
//
// ShortReadDrains reports whether a read that returned fewer bytes than it asked for proves two
// things. The source is drained, and every byte that arrives later brings a readiness event. Fill
// calls ShortReadDrains after each short read, and at no other time.
//
// Only plain TCP sockets can keep this promise. Other readers must not implement ShortReader.
// Unix-domain streams that carry descriptors, terminals, packet pipes and the like return short
// reads while more bytes are available.
//
// Three mistakes have stalled other libraries here. A socket must report false in these cases:
//   - After any event of the handle reported a hang-up or the end of the stream. Data and FIN
//     arrive as one event, the short read takes the data, and no second event reports the end.
//   - If edges are emulated and not native, as over poll(2) or on Windows. There, would-block arms
//     an event, and a short read does not count as would-block.
//   - After any event of the handle reported an urgent mark. A read stops at the mark, and the
//     bytes after it may have arrived in the same event. If events do not report the mark, the
//     socket asks the kernel (sockatmark(3)) or reports false.
type ShortReader interface {
	ShortReadDrains() bool
}

// vectorMax bounds the segments passed to one read or write. The smallest bound of any system that
// has one is 1024, and more than a few dozen gain nothing.
const vectorMax = 64

// Fill reads from src into dst until it has a reason to stop, and returns the number of bytes read.
//
// budget bounds the number of bytes, and Fill never reads more. If budget is zero or negative, only
// the room in dst bounds them.
//
// Fill reports Drained only after src has returned would-block. A short read does not count as
// would-block, because the end of the stream may directly follow the bytes. The exception is a
// ShortReader that reports true.
//
// Fill reports Full as soon as dst has no room, without trying src. Fill reports EOF once src has
// ended, and the bytes before the end are in dst.
//
// The error is nil for Drained, EOF and Budget. With Full it is nil, or ErrExhausted if dst had
// room but no memory. In that case consuming dst need not help, and the caller retries later. With
// Failed it is the unmodified error of src, and the bytes read before the error are in dst.
// io.ErrNoProgress means that src returned neither bytes nor an error.
//
// Fill ignores Paused. Fill itself allocates nothing.
func Fill(dst Buffer, src TryReader, budget int) (Outcome, int, error) {
	total := 0
	for {
		if budget > 0 && total >= budget {
			return Budget, total, nil
		}
		segs := dst.Space()
		if len(segs) == 0 {
			if dst.Len() < dst.Limit() {
				return Full, total, ErrExhausted
			}
			return Full, total, nil
		}
		segs, room := shorten(segs, budget-total, budget > 0)
		n, err := src.TryReadv(segs)
		if n < 0 && err != nil {
			n = 0 // system calls count failure as -1
		}
		try.CheckMoved(n, room)
		dst.Commit(n)
		total += n
		switch {
		case err == nil && n == 0:
			return Failed, total, io.ErrNoProgress
		case err == nil:
			if n < room && shortReadDrains(src) {
				return Drained, total, nil
			}
		case err == io.EOF:
			return EOF, total, nil
		case try.WouldBlock(err):
			return Drained, total, nil
		case errors.Is(err, io.EOF):
			return EOF, total, nil
		default:
			return Failed, total, err
		}
	}
}

func shortReadDrains(src TryReader) bool {
	s, ok := src.(ShortReader)
	return ok && s.ShortReadDrains()
}

// shorten cuts segs to vectorMax segments and, if bounded, to budget bytes. It also returns the
// number of bytes that remain.
func shorten(segs [][]byte, budget int, bounded bool) ([][]byte, int) {
	segs = segs[:min(len(segs), vectorMax)]
	room := 0
	for i, s := range segs {
		if bounded && room+len(s) >= budget {
			segs[i] = s[:budget-room]
			return segs[:i+1], budget
		}
		room += len(s)
	}
	return segs, room
}
