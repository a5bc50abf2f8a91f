// Package bufstrategy provides bounded byte buffers between a socket and a parser. The buffering
// strategies are interchangeable.
//
// A [Buffer] is a bounded queue of bytes. The producer calls [Buffer.Space], fills the segments and
// calls [Buffer.Commit]. The consumer inspects [Buffer.Segments] or a contiguous [Buffer.View] and
// calls [Buffer.Discard].
//
// [Fill] and [Flush] connect a Buffer to a socket that never blocks. Each reports why it stopped,
// so that an event loop knows what to wait for:
//
//	Fill   Drained  the socket would block         wait for readiness
//	       Full     the buffer has no room         consume, then Fill again WITHOUT waiting: no edge will come
//	       EOF      the peer has finished          consume the rest, then finish
//	       Budget   the budget is spent            let others run, then Fill again without waiting
//	Flush  Emptied  nothing is left to write       produce more
//	       Blocked  the socket would block         wait for writability
//	       Budget   the budget is spent            let others run, then Flush again without waiting
//
// The strategies differ in cost. [Stats] counts it:
//
//	Fixed     one array; copies to compact; applies backpressure at the bound
//	Grow      one array that doubles up to the bound and shrinks again
//	Ring      one power-of-two array, never compacted; a View copies only if it wraps
//	Mirrored  a Ring whose memory is mapped twice; bytes are contiguous, never copied
//	Chain     pooled segments, no copying; whole segments move from one Chain to another
//	Adaptive  one array, as large as the predicted next read
//	PerLoop   one scratch array per loop; a connection owns memory only while it has leftover bytes
//	Kernel    a Chain that also takes segments lent by a mechanism, and returns them
//
// # Packages
//
// Package message finds whole messages in a Buffer: lines, delimited messages, frames and heads.
// Package adapter makes a Buffer an io.Reader, an io.Writer, a bufio.Reader or a bufio.Writer.
// Package memory has the pools from which some strategies take their memory, and the budget that
// bounds the memory of all buffers together.
//
// # Lifetime
//
// The results of Space, Segments and View are valid until the next call of any method of the same
// buffer. Only Len, Limit, Paused and Stats leave them valid. [PerLoop] adds one condition. The
// caller must not keep them longer, and must copy the bytes that it still needs. [Options.Poison]
// helps to find code that keeps them.
//
// # Concurrency
//
// A buffer belongs to one goroutine or one loop, and so does a [memory.Magazine]. Only
// [memory.Pool] and [memory.Budget] are safe for concurrent use.
package bufstrategy
