// Package transfer moves the bytes of stream sockets by the operations of a [queue.Completer], and
// offers them as a socket that never blocks. Code that was written for readiness runs on it
// unchanged: it tries, gets would-block, and waits for an event.
//
// # Reading
//
// A stream that has been read from keeps one receive in the kernel, which takes a buffer of the
// queue only when bytes arrive. An idle stream holds no buffer. What has arrived waits in its
// buffers until TryReadv copies it out. A stream that holds Options.MaxHeld buffers stops receiving
// until it is read, so one slow reader cannot take the memory of all. If many slow readers have
// taken it, the others are read by system calls: no stream waits for another one.
//
// # Writing
//
// TryWritev copies a small write and returns. Flush hands the copies of all streams to the queue,
// one operation per stream, so the writes of a turn enter the kernel together. A large write goes
// to the kernel at once, because the copy would cost more than the call.
//
// A write that was copied can fail later. The next call on the stream then returns the error, as it
// does for bytes in the kernel's own send buffer.
//
// # Closing
//
// Close owns the handle. It cancels the receive, lets the copied bytes leave for up to
// Options.Linger, and closes the handle when no operation uses it. After StopLingering, only the
// bytes that the kernel takes at once leave.
//
// # Limits
//
// Bytes that have arrived are in the process, where neither another owner of the handle nor a
// system call on it sees them.
package transfer
