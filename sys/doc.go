// Package sys binds the facilities of the operating system that event-driven networking stands on:
// handles, classes of errno, sockets that are non-blocking and close-on-exec from birth, transfers
// that never block, epoll, eventfd and poll(2). It holds no policy: no retry but of EINTR where
// that is safe, no buffer, no table, no goroutine.
//
// # Blocking
//
// Every function returns at once, except the waits, [Poll] and [EpollWait] among them, with a
// timeout other than zero, and SocketPair on Windows, which connects to itself. On Linux the
// functions that return at once enter the kernel without telling Go's scheduler (a raw system
// call): the scheduler's hooks cost a loop that makes two calls a message more than the calls' own
// work, since its monitor takes the processor away in between. Those that may block do tell it, so
// that other goroutines run meanwhile.
//
// A raw call that blocks stops the whole process at the next garbage collection. So a handle whose
// non-blocking flag others can clear is for the functions with a name in Shared, such as
// [ReadShared]; on Linux, Recv, Send and their relatives do not depend on the flag ([DontWait]).
//
// # Errors
//
// A function returns [ErrWouldBlock] where the kernel answers EAGAIN, and every other errno as it
// is, a [syscall.Errno] that errors.Is compares; [ClassOf] sorts them. Nothing is wrapped here: the
// callers know the operation and the handle, and allocate only when they fail for good.
//
// # Platforms
//
// Sockets, pairs of them, transfers, UDP and Poll are on every system. Linux has epoll, eventfd and
// io_uring beside them, the BSDs and macOS have kqueue, and Windows has completion ports and the
// polls of its socket driver, but no pipes. What a system lacks returns an error that is
// [errors.ErrUnsupported].
package sys
