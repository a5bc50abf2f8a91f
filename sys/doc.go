// Package sys binds the operating system facilities that event-driven networking needs: handles,
// classes of errno, sockets that are created non-blocking and close-on-exec, transfers that never
// block, epoll, eventfd and poll(2). It holds no policy: it retries only EINTR, and only where that
// is safe. It has no buffers, tables or goroutines.
//
// # Blocking
//
// Every function returns at once, with two exceptions. Waits such as [Poll] and [EpollWait] block
// if their timeout is not zero. SocketPair on Windows blocks because it connects to itself.
//
// On Linux, the functions that return at once make raw system calls, which Go's scheduler does not
// see. For a loop that makes two calls per message, the scheduler's hooks would cost more than the
// calls themselves: the scheduler's monitor takes the processor away in between. The functions that
// may block do notify the scheduler, so that other goroutines run meanwhile.
//
// A raw call that blocks stops the whole process at the next garbage collection. If others can
// clear the non-blocking flag of a handle, use the functions with Shared in their names, such as
// [ReadShared]. On Linux, Recv, Send and their relatives do not depend on the flag ([DontWait]).
//
// # Errors
//
// A function returns [ErrWouldBlock] where the kernel returns EAGAIN, and every other errno
// unchanged, as a [syscall.Errno] that errors.Is compares. [ClassOf] sorts errors into classes.
// This package wraps nothing: the callers know the operation and the handle, and allocate only when
// they fail permanently.
//
// # Platforms
//
// Sockets, socket pairs, transfers, UDP and Poll exist on every system. Besides these, Linux has
// epoll, eventfd and io_uring, and the BSDs and macOS have kqueue. Windows has completion ports and
// the polls of its socket driver, but no pipes. A function that a system lacks returns an error
// that is [errors.ErrUnsupported].
//
// Package sys/waker ends a wait for handles from another thread, on every system.
package sys
