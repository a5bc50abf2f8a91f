package bufstrategy

import "errors"

// Buffer is a bounded queue of bytes between a producer and a consumer, of which a socket is
// usually one.
//
// What Space, Segments and View return, the slices of segments included, belongs to the buffer and
// is valid until the next call of any method other than Len, Limit, Paused and Stats. The capacity
// of every segment and view is clipped to its length, so that append cannot reach other bytes.
//
// Traffic that repeats itself allocates nothing once it has been seen.
//
// Buffers never see each other's bytes, whatever memory they share.
//
// A Buffer is not safe for concurrent use: it belongs to one goroutine, or to one loop.
type Buffer interface {
	// Space returns the segments to read into next, in order, for a vectored read. Space offers
	// nothing only when Len has reached Limit, or when memory shared with other buffers is
	// exhausted. The segments of Space never add up to more than Limit less Len, and none is empty.
	// Space may move unread bytes, and keeps them. The caller may shorten the slice and its
	// segments.
	Space() [][]byte

	// Commit makes the first n bytes of the segments that Space returned readable, in the order of
	// the segments. Commit of zero bytes gives the space back and changes nothing else. Commit
	// panics when n is negative or more than Space offered. Commit ends the space: a second Commit,
	// or one after View, Segments, Discard, Trim or Release, panics unless n is zero.
	Commit(n int)

	// Segments returns all unread bytes, in order, for a vectored write, and consumes nothing.
	// No segment is empty; there may be more segments than one system call takes.
	Segments() [][]byte

	// View returns the first n unread bytes as one slice, and consumes nothing. It copies only when
	// the bytes do not lie together. Until a Discard, a View no longer than one before it copies
	// nothing. View returns ErrShort when fewer than n bytes are unread but n may still come. View
	// returns ErrTooLarge when n is more than Limit, so that waiting is useless. View returns
	// ErrExhausted when it would have to copy and memory shared with other buffers is exhausted.
	// View panics when n is negative.
	View(n int) ([]byte, error)

	// Discard consumes the first n unread bytes.
	// Discard panics when n is negative or more than Len.
	Discard(n int)

	// Len is the number of unread bytes.
	Len() int

	// Limit is the number of unread bytes that the buffer can hold, at least what was asked for. It
	// never changes.
	Limit() int

	// Paused reports true from when Len has reached the high watermark until it has fallen to the
	// low one. It is advice for the producer, to be heeded or not: Limit is the bound.
	Paused() bool

	// Trim gives back memory that the unread bytes do not need, as far as the strategy can, and
	// keeps those bytes. An empty buffer holds no memory after Trim. It is meant for connections
	// that have become idle.
	Trim()

	// Release forgets the unread bytes and gives all memory back.
	// The buffer is empty afterwards and may be used again; Release of an empty buffer is allowed.
	Release()

	// Stats returns what the buffer has counted since it was made.
	Stats() Stats
}

// Stats is what a buffer counts. Release does not reset it. Moved less Len is how many bytes have
// been consumed since the buffer was made, by Discard, Release or otherwise.
type Stats struct {
	Moved    uint64 // Moved counts the bytes that were committed.
	Commits  uint64 // Commits counts the Commits of more than zero bytes, which are the reads that got something.
	Discards uint64 // Discards counts the Discards of more than zero bytes: the messages, if each is discarded at once.

	Copied uint64 // Copied counts the bytes that the strategy copied itself: to compact, to grow, for a View, as left-overs.
	Allocs uint64 // Allocs counts how often memory for bytes came from the heap or the system; memory that a Pool had kept is not counted.
	Full   uint64 // Full counts how often Space had nothing to offer.

	Resident     int // Resident is the bytes of memory held, at least Len.
	PeakResident int // PeakResident is the most that Resident has been.
}

// Poison is the byte that overwrites memory that holds no unread bytes any more, when
// Options.Poison is set.
const Poison = 0xDB

var (
	// ErrShort says that a View, or a message, is longer than what is unread, and that more may
	// come.
	ErrShort = errors.New("bufstrategy: fewer bytes unread than asked for")

	// ErrTooLarge says that a View is longer than the buffer can ever hold, or a message longer
	// than its bound: it never comes.
	ErrTooLarge = errors.New("bufstrategy: more bytes asked for than the limit")

	// ErrExhausted says that memory shared with other buffers has reached its bound. Nothing was
	// lost. Try again after another buffer has discarded: neither a socket's readiness nor a
	// Discard of this buffer need bring that about.
	ErrExhausted = errors.New("bufstrategy: shared memory exhausted")
)
