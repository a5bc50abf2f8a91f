// Package buffers measures the strategies of bufstrategy and the buffers of other packages on the
// same work. Bytes arrive from a scripted source in memory that never blocks. A consumer wants each
// message in one piece, as a parser does.
//
// The work is the same for all buffers, byte for byte, and what they hand over is compared with
// what was sent. Everything that can be counted is counted in a separate pass that is not timed, so
// that counting does not affect the timing.
package buffers
