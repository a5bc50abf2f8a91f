// Package buffers measures the strategies of bufstrategy, and buffers that others have made, at the
// same work: bytes arrive from a scripted source in memory that never blocks, and a consumer wants
// each message in one piece, as a parser does.
//
// The work is the same for all, byte for byte, and what is handed over is compared with what was
// sent. Whatever can be counted is counted in a pass that is not timed, so that counting costs
// nothing where time counts.
package buffers
