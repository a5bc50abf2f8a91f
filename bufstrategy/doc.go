// Package bufstrategy holds the bytes between a socket and a parser, by strategies that can be
// exchanged.
//
// A [Buffer] is a queue of bytes with a bound. The producer asks for [Buffer.Space], fills it and
// calls [Buffer.Commit]; the consumer looks at [Buffer.Segments] or at a contiguous [Buffer.View]
// and calls [Buffer.Discard]. [Fill] and [Flush] join a Buffer to a socket that never blocks and
// say why they stopped, which is what an event loop has to know before it waits:
//
//	Fill   Drained  the socket would block         wait for readiness
//	       Full     the buffer has no room         consume, then Fill again WITHOUT waiting: no edge will come
//	       EOF      the peer has finished          consume the rest, then finish
//	       Budget   the budget is spent            let others run, then Fill again without waiting
//	Flush  Emptied  nothing is left to write       produce more
//	       Blocked  the socket would block         wait for writability
//	       Budget   the budget is spent            let others run, then Flush again without waiting
//
// The strategies differ in what they pay for, and [Stats] counts it:
//
//	Fixed     one array; copies to compact, pushes back at the bound
//	Grow      one array that doubles up to the bound and shrinks again
//	Ring      one power-of-two array, never compacted; a View copies only where it wraps
//	Mirrored  a Ring whose memory is mapped twice: all lies together, nothing is copied
//	Chain     pooled segments, no copying; whole segments are handed from one Chain to another
//	Adaptive  one array as large as the next read is predicted to be
//	PerLoop    one scratch array a loop; a connection owns memory only while bytes are left over
//	Kernel    a Chain that also takes segments which a mechanism lends, and gives them back
//
// # Parsers
//
// Code that must not wait, as a handler on a loop, asks a Buffer for a whole message: [Lines],
// [Delimited], [Frames] and [Heads] say ErrShort for "not yet" and ErrTooLarge for "never", and
// consume nothing. [Reader] and [Writer] lend the bytes that are there to code that wants an
// io.Reader or io.Writer and can deal with [ErrEmpty] and [ErrFull].
//
// Code that may wait, as a task or a goroutine that has the connection to itself, puts a
// [WaitReader] and a [WaitWriter] between the Buffer and the connection. They are what bufio.Reader
// and bufio.Writer are, on any strategy, with waiting left to a function; http.ReadRequest,
// json.Decoder and the like read from them, and the parsers above by way of ReadMessage.
//
// # Lifetime
//
// What Space, Segments and View return is valid until the next call of any method of the same
// buffer other than Len, Limit, Paused and Stats. [PerLoop] adds one condition. Nothing may be kept
// longer; copy what must stay. To find who keeps it, set [Options.Poison].
//
// # Concurrency
//
// A buffer belongs to one goroutine, or to one loop, and so does a [Magazine]. Only a [Pool] and a
// [MemoryBudget] may be used by several at once.
package bufstrategy
