package bufstrategy

import (
	"errors"

	"github.com/edgewise-go/edgewise/bufstrategy/memory"
)

// Buffer is a bounded queue of bytes between a producer and a consumer. One of the two is usually a
// socket.
//
// The results of Space, Segments and View, including the slices of segments, belong to the buffer.
// They are valid until the next call of any method except Len, Limit, Paused and Stats. The
// capacity of every segment and view is clipped to its length, so append cannot reach other bytes.
//
// In steady state, traffic that repeats a pattern allocates nothing.
//
// Buffers never see each other's bytes, even when they share memory.
//
// A Buffer is not safe for concurrent use. It belongs to one goroutine or one loop.
type Buffer interface {
	// Space returns the segments to read into next, in order, for a vectored read. Space offers
	// nothing only if Len has reached Limit, or if memory shared with other buffers is exhausted.
	// The segments never add up to more than Limit minus Len, and none is empty. Space may move
	// unread bytes but keeps them. The caller may shorten the slice and its segments.
	Space() [][]byte

	// Commit makes the first n bytes of the segments returned by Space readable, in the order of
	// the segments. Commit of zero bytes gives the space back and changes nothing else. Commit
	// panics if n is negative or more than Space offered. Commit ends the space: a second Commit
	// panics unless n is zero. So does a Commit after View, Segments, Discard, Trim or Release.
	Commit(n int)

	// Segments returns all unread bytes, in order, for a vectored write, and consumes nothing. No
	// segment is empty. There may be more segments than one system call takes.
	Segments() [][]byte

	// View returns the first n unread bytes as one slice, and consumes nothing. It copies only if
	// the bytes are not contiguous. Until a Discard, a View no longer than an earlier one copies
	// nothing.
	//
	// View returns ErrShort if fewer than n bytes are unread but n may still arrive. View returns
	// ErrTooLarge if n exceeds Limit, so that waiting is useless. View returns ErrExhausted if it
	// would have to copy and memory shared with other buffers is exhausted. View panics if n is
	// negative.
	View(n int) ([]byte, error)

	// Discard consumes the first n unread bytes. Discard panics if n is negative or more than Len.
	Discard(n int)

	// Len returns the number of unread bytes.
	Len() int

	// Limit returns the number of unread bytes that the buffer can hold, which is at least the
	// number requested. It never changes.
	Limit() int

	// Paused reports true from the moment Len reaches the high watermark until Len falls to the low
	// one. It is advice that the producer may ignore. Limit is the bound.
	Paused() bool

	// Trim gives back memory that the unread bytes do not need, as far as the strategy can, and
	// keeps those bytes. An empty buffer holds no memory after Trim. It is meant for connections
	// that have become idle.
	Trim()

	// Release drops the unread bytes and gives all memory back. Afterwards the buffer is empty and
	// can be used again. Release of an empty buffer is allowed.
	Release()

	// Stats returns the counters of the buffer since its creation.
	Stats() Stats
}

// Stats holds the counters of a buffer. Release does not reset them. Moved minus Len is the number
// of bytes consumed since the buffer was created, by Discard, Release or otherwise.
type Stats struct {
	Moved    uint64 // Moved counts the bytes that were committed.
	Commits  uint64 // Commits counts the Commits of more than zero bytes, which are the reads that returned bytes.
	Discards uint64 // Discards counts the Discards of more than zero bytes, which are the messages if each is discarded at once.

	Copied uint64 // Copied counts the bytes that the strategy itself copied: to compact, to grow, for a View, as leftovers.
	Allocs uint64 // Allocs counts the allocations of buffer memory from the heap or the system. Reuse of memory kept by a Pool does not count.
	Full   uint64 // Full counts the calls of Space that had nothing to offer.

	Resident     int // Resident is the number of bytes of memory held, at least Len.
	PeakResident int // PeakResident is the highest value that Resident has reached.
}

var (
	// ErrShort reports that a View or a message is longer than the unread bytes, and that more may
	// arrive.
	ErrShort = errors.New("bufstrategy: fewer bytes unread than asked for")

	// ErrTooLarge reports that a View exceeds what the buffer can ever hold, or that a message
	// exceeds its bound. It will never be available.
	ErrTooLarge = errors.New("bufstrategy: more bytes asked for than the limit")

	// ErrExhausted is memory.ErrExhausted. It reports that memory shared with other buffers has
	// reached its bound. Nothing was lost. Retry after another buffer has discarded bytes. Neither
	// readiness of the socket nor a Discard of this buffer necessarily frees that memory.
	ErrExhausted = memory.ErrExhausted
)
