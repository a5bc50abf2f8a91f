// Package sys binds the facilities of the operating system that event-driven networking stands on: handles, classes
// of errno, sockets that are non-blocking and close-on-exec from birth, transfers that never block, epoll, eventfd and
// poll(2). It holds no policy: no retry but of EINTR where that is safe, no buffer, no table, no goroutine.
//
// # Blocking
//
// Every function returns at once, except [EpollWait] and [Poll] with a timeout other than zero. On Linux the functions that
// return at once enter the kernel without telling Go's scheduler (a raw system call): the scheduler's hooks cost a loop
// that makes two calls a message more than the calls' own work, since its monitor takes the processor away in
// between. The two that may block do tell it, so that other goroutines run meanwhile.
//
// # Errors
//
// A function returns [ErrWouldBlock] where the kernel answers EAGAIN, and every other errno as it is, a
// [syscall.Errno] that errors.Is compares; [ClassOf] sorts them. Nothing is wrapped here: the callers know the operation
// and the handle, and allocate only when they fail for good.
//
// # Platforms
//
// Linux has everything. The other Unix systems have sockets, transfers, pipes and poll(2). Elsewhere every
// function returns an error that is [errors.ErrUnsupported].
package sys
