// Package netpoll makes Go's own network poller wait for an event queue.
//
// A Wait of any other queue blocks a thread. A Wait of this one parks its goroutine, as package
// net parks a goroutine that reads from an idle connection. The thread then runs other goroutines,
// among them those that the events of the last Wait made ready. A program whose events are for
// goroutines thus avoids a switch of threads per event.
//
// The queue costs a system call per Wait more than the queue below it, and an entry in the
// runtime's poller. It is the wrong choice for a loop that runs tasks on a locked thread: parking a
// locked goroutine switches threads twice.
package netpoll
