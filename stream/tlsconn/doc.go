// Package tlsconn has TLS connections for event loops: one that two tasks share, of which one reads
// and one writes, and neither stops the loop; and one that only tries, for a state machine, which
// has no stack while it waits.
//
// # Which one
//
//   - One task alone, or goroutines: neither. A tls.Conn on a stream.Conn will do.
//   - A task that reads and one that writes: [Conn].
//   - Connections that are idle most of the time, by the thousand: [Socket]. A task that waits in a
//     tls.Conn keeps a stack of 8 KiB, for crypto/tls calls that deep; a Socket and its handler
//     keep none.
//
// # When a Conn is needed
//
// A tls.Conn works on a stream.Conn unmodified as long as one task uses it, or goroutines do. With
// a task that reads and one that writes it works until the reader has to send something. crypto/tls
// holds a lock for writing (out) while it writes to the connection below, and so while a writing
// task is suspended there. The reader takes the same lock to answer a KeyUpdate, to send an alert,
// and in Close: it blocks the thread of the loop that would have to resume the writer, and the loop
// stops for ever. Two tasks that meet in the handshake do the same. A [Conn] cannot: use it
// wherever more than one task of a loop touches the connection.
//
// # How a Conn works
//
// Below the tls.Conn is a [stream.WriteQueue], so that after the handshake no write of crypto/tls
// suspends its caller: the record goes to the kernel or into the queue. Waiting is done above the
// tls.Conn: before each piece of at most one record's size, Write waits until the queue has room
// for it and for what the reader may have to send meanwhile. These are the locks of crypto/tls, and
// why no task waits for one while another that holds it is suspended:
//
//   - handshakeMutex is held in the handshake, which suspends. One caller does it; another gets
//     [stream.ErrBusy] before crypto/tls is entered. Renegotiation (TLS 1.2, clients) would take it
//     again later, in a read, so a Config that allows it is refused.
//   - in is held in Read, which suspends, and in the handshake. One caller reads at a time; nothing
//     else takes it.
//   - out is held by Write, by the answer to a KeyUpdate, by alerts and by the close_notify of
//     Close and CloseWrite. After the handshake none of them suspends while holding it, for the
//     queue below does not. In the handshake only the one who does it takes it.
//
// # What differs from a tls.Conn
//
// These are of a Conn. A deadline for writing that passes leaves the connection whole: it stops
// Write between two records, and the next Write goes on. Close never waits (see
// [stream.WriteQueue.Close]), and sends close_notify also while a Write is suspended. CloseWrite
// also ends the stream of the connection below. What the reader has to send while the kernel takes
// nothing goes out with the next Write, or at once where the queue's Run is running; RFC 8446
// (4.6.3) asks for no more. A peer that keeps asking for answers and does not read them fills the
// queue, and is cut off: then writes return [ErrFlood].
//
// net/http serves HTTP/2 on connections whose type is *tls.Conn, which a Conn is not.
//
// # A Socket
//
// [ServerSocket] and [ClientSocket] do the handshake in a task, straight through and by crypto/tls
// as it is, and end its registration. The task then ends, and hands the Socket to a handler on the
// same loop, which tries in each step until all would block:
//
//	if err := s.TryFlush(); err == sys.ErrWouldBlock {
//		return sched.WaitFor(queue.Writable)
//	}
//	n, err := s.TryRead(buf)
//	if err == sys.ErrWouldBlock {
//		return sched.WaitFor(...) // the directions that s.Awaits
//	}
//
// It works because a tls.Conn keeps its state when a read of the connection below fails with an
// error that is temporary: half a record stays where it is, and the next Read goes on with it. Of
// writes that is not so, hence the queue below, which no write of crypto/tls overflows: TryWrite
// makes records only when it is empty, and TryRead reads only when there is room for the answers
// that one read can cause. So a peer that asks for KeyUpdates without reading them stops being read
// from; it is not cut off.
//
// There is no tls.Conn to reach: its Read and Write would be right only with what is around them
// here, its Close and its deadlines would not. Nor is there renegotiation, or a net.Conn; what
// needs one wants a [Conn].
//
// # What an idle Socket holds
//
// No stack, no buffer of its own for reading, and none for writing once all is sent and a read has
// found nothing. But what the tls.Conn in it holds, it holds: the state of two ciphers, and the two
// buffers of crypto/tls for records and for messages of the handshake, which never shrink. They
// have room for the largest that has come: after the handshake that is the ClientHello of the peer,
// after a record of 16 KiB it is that.
package tlsconn
