// Package tlsconn provides two kinds of TLS connections for event loops. A [Conn] serves one task
// that reads and one that writes, and neither stops the loop. A [Socket] only tries: it serves a
// state machine, and has no stack while it waits.
//
// # Choosing a type
//
//   - For one task alone, or for goroutines: neither. Use a tls.Conn on a stream.Conn.
//   - For a task that reads and a task that writes: [Conn].
//   - For thousands of connections that are idle most of the time: [Socket]. A task that waits in a
//     tls.Conn keeps a stack of 8 KiB, because crypto/tls calls that deep. A Socket and its handler
//     keep no stack.
//
// # When a Conn is needed
//
// A tls.Conn works on a stream.Conn unmodified if one task or any number of goroutines use it. With
// one task that reads and one that writes, it works only until the reader has to send something.
//
// crypto/tls holds its write lock (out) while it writes to the connection below. A writing task
// that is suspended there holds the lock. The reader takes the same lock to answer a KeyUpdate, to
// send an alert, and in Close. It then blocks the thread of the loop that would have to resume the
// writer, and the loop stops permanently. Two tasks that meet in the handshake cause the same
// deadlock. A [Conn] cannot deadlock in this way. Use it if more than one task of a loop uses the
// connection.
//
// # How a Conn works
//
// Below the tls.Conn is a [stream.WriteQueue]. After the handshake, no write of crypto/tls
// therefore suspends its caller: the record goes to the kernel or into the queue. Waiting happens
// above the tls.Conn. Before each piece, which has at most the size of one record, Write waits for
// room in the queue. It needs room for the piece and for whatever the reader may have to send
// meanwhile.
//
// These are the locks of crypto/tls. No task waits for one of them while a suspended task holds it:
//
//   - handshakeMutex is held in the handshake, which suspends. One caller runs the handshake;
//     another waits for its turn before it enters crypto/tls. Renegotiation (TLS 1.2, clients)
//     would take the lock again in a later read, so a Config that allows it is refused.
//   - in is held in Read, which suspends, and in the handshake. One caller reads at once; no other
//     method takes it.
//   - out is held by Write, by the answer to a KeyUpdate, by alerts, and by the close_notify of
//     Close and CloseWrite. After the handshake none of them suspends while holding it, because the
//     queue below does not. In the handshake only its one caller takes it.
//
// # Differences between a Conn and a tls.Conn
//
//   - A write deadline that passes leaves the connection intact: it stops Write between two
//     records, and the next Write continues.
//   - Close never waits (see [stream.WriteQueue.Close]), and sends close_notify even while a Write
//     is suspended.
//   - CloseWrite also ends the stream of the connection below.
//   - If the kernel takes nothing, whatever the reader has to send leaves with the next Write. If
//     the queue's Run is running, it leaves as soon as the kernel takes it. RFC 8446 (4.6.3)
//     requires no more.
//   - A peer that keeps requesting answers without reading them fills the queue and is cut off:
//     writes then return [ErrFlood].
//   - net/http serves HTTP/2 only on connections of type *tls.Conn, so not on a Conn.
//
// # How a Socket works
//
// [ServerSocket] and [ClientSocket] run the handshake in a task, as straight-line code in
// unmodified crypto/tls, and then end its registration. The task ends and hands the Socket to a
// handler on the same loop. In each step the handler tries until everything would block:
//
//	if err := s.TryFlush(); err == sys.ErrWouldBlock {
//		return sched.WaitFor(queue.Writable)
//	}
//	n, err := s.TryRead(buf)
//	if err == sys.ErrWouldBlock {
//		return sched.WaitFor(...) // the directions that s.Awaits
//	}
//
// This works because a tls.Conn keeps its state if a read of the connection below fails with a
// temporary error. Half a record stays in place, and the next Read continues with it.
//
// Writes of crypto/tls cannot resume in this way, so a queue below takes them. No write of
// crypto/tls overflows it. TryWrite makes records only if the queue is empty. TryRead reads only if
// there is room for the answers that one read can cause. A peer that requests KeyUpdates without
// reading the answers is therefore no longer read from, but not cut off.
//
// The tls.Conn is not accessible. Its Read and Write are correct only in this arrangement, and its
// Close and its deadlines would not be. A Socket has no renegotiation and is not a net.Conn; code
// that needs a net.Conn uses a [Conn].
//
// # Memory of an idle Socket
//
// An idle Socket has no stack and no read buffer of its own. It has no write buffer either, once
// everything is sent and a read has found no bytes.
//
// Its tls.Conn keeps its memory: the state of two ciphers, and two buffers of crypto/tls for
// records and handshake messages. The buffers never shrink. They have room for the largest item so
// far: after the handshake the peer's ClientHello, later a record of up to 16 KiB.
package tlsconn
