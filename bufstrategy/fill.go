package bufstrategy

import (
	"errors"
	"fmt"
	"io"
)

// Outcome says why Fill or Flush stopped.
type Outcome uint8

// The outcomes. Fill reports Drained, Full, EOF, Budget or Failed; Flush reports Emptied, Blocked,
// Budget or Failed.
const (
	// Failed: the error says why. It is none of those that have an outcome of their own.
	Failed Outcome = iota

	// Drained: the source would block. Wait for readiness.
	Drained

	// Full: the buffer has no room; bytes may remain in the source. Consume, then Fill again
	// without waiting for readiness: the edge for bytes that are already there has been delivered
	// and does not come again.
	Full

	// EOF: the source has ended. The bytes before the end are in the buffer.
	EOF

	// Budget: as many bytes as the caller allowed were moved. The socket is still ready: yield,
	// then go on without waiting.
	Budget

	// Emptied: all bytes were written.
	Emptied

	// Blocked: the sink would block. The rest stays in the buffer; wait for writability.
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
// TryReadv reads once into segs, none of which is empty, and returns how many bytes it got. At the
// end of the stream it returns io.EOF. When there is nothing to read it returns an error that has a
// method WouldBlock() bool which reports true, or that wraps such an error. A count below zero
// beside an error counts as zero. It must not keep segs.
type TryReader interface {
	TryReadv(segs [][]byte) (int, error)
}

// ShortReader may be implemented by a TryReader to save a system call a message.
//
// Without it, Fill reads until the source says would-block, so that a message costs two reads: one
// for the bytes and one to be told that there are no more. ShortReadDrains reports true when a read
// that got fewer bytes than it asked for proves that the source is drained, and that every byte
// which arrives after it brings a readiness event. Fill asks after each short read, and after no
// other.
//
// A reader of any other kind does not implement it. Only sockets of plain TCP can keep the promise:
// reads of Unix-domain streams that carry descriptors, of terminals, of pipes of packets and the
// like are short while there is more.
//
// Three mistakes have stalled other libraries here, so a socket must report false
//   - once a hang-up or end of stream was seen in any event of the handle: data and FIN arrive as
//     one event, the short read takes the data, and no second event comes for the end;
//   - when edges are not native but emulated, as over poll(2) or on Windows: there an event is
//     armed by would-block, which a short read does not declare;
//   - once an urgent mark was seen in any event of the handle, and always if events do not report
//     it: a read stops at the mark, and the bytes after it may have arrived in the same event.
type ShortReader interface {
	ShortReadDrains() bool
}

// vectorMax bounds the segments given to one read or write; 1024 is the least bound of the systems
// that have one, and nothing is gained beyond a few dozen.
const vectorMax = 64

// Fill reads from src into dst until it can say why to stop, and returns how many bytes it read.
//
// budget bounds the bytes; Fill never reads more. Zero or less means that only the room in dst
// bounds them. Fill reports Drained only after src has said would-block. A short read is not taken
// for would-block, unless src is a ShortReader and says so: the end of the stream may stand right
// behind the bytes.
//
// Fill reports Full as soon as dst has no room, without asking src. Fill reports EOF when src has
// ended, and the bytes before the end are in dst. The error is nil for Drained, EOF and Budget.
// With Full it is nil, or ErrExhausted when dst had room but no memory: then consuming dst need not
// help, and the caller retries later. With Failed it is the error of src, as src returned it; bytes
// read before the error are in dst. io.ErrNoProgress means that src returned neither bytes nor an
// error.
//
// Fill does not heed Paused, and allocates nothing itself.
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
		checkMoved(n, room)
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
		case wouldBlock(err):
			return Drained, total, nil
		case errors.Is(err, io.EOF):
			return EOF, total, nil
		default:
			return Failed, total, err
		}
	}
}

// checkMoved stops a TryReader or TryWriter that counts bytes it was not given: to go on would lose
// or invent bytes.
func checkMoved(n, room int) {
	if n < 0 || n > room {
		panic(fmt.Sprintf("bufstrategy: a TryReader or TryWriter that was given %d bytes reports %d", room, n))
	}
}

func shortReadDrains(src TryReader) bool {
	s, ok := src.(ShortReader)
	return ok && s.ShortReadDrains()
}

// shorten cuts segs to vectorMax segments and, if bounded, to budget bytes, and counts the bytes
// that remain.
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

// wouldBlocker is an error that can say that the operation would have blocked.
type wouldBlocker interface {
	error
	WouldBlock() bool
}

func wouldBlock(err error) bool {
	// The assertion comes first: would-block ends nearly every Fill, and a walk down the chain
	// costs more.
	if w, ok := err.(wouldBlocker); ok {
		return w.WouldBlock()
	}
	w, ok := errors.AsType[wouldBlocker](err)
	return ok && w.WouldBlock()
}
