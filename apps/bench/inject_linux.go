package main

import (
	"slices"

	"github.com/edgewise-go/edgewise/queue"
)

// injection has strace make system calls fail. The error is one that the manual page or POSIX gives
// the call, at a place where the kernel may give it: a call that was not made must not pretend to
// have had an effect. So connect(2) and io_uring_enter(2) are not told that they were interrupted,
// after which they would go on; they get a signal instead. close(2) is left alone, since it closes
// whatever it returns.
type injection struct {
	errno string
	calls []string
	when  string // which calls of a thread; see strace(1)
}

const (
	often  = "when=2+5"
	seldom = "when=11+41"
	// setUp leaves out the calls that open the listener and the queue: without those there is
	// nothing to be seen.
	setUp = "when=12+29"
)

// errnos are the errors that are injected, each in runs of its own.
var errnos = []string{"EINTR", "EAGAIN", "ECONNRESET", "EMFILE", "ENOBUFS"}

var (
	transferCalls = []string{"recvfrom", "sendto", "recvmsg", "sendmsg"}
	addressCalls  = []string{"getsockopt", "getsockname", "getpeername", "setsockopt", "shutdown"}
)

// injections returns what to inject where an error is the subject.
func injections(errno, mechanism string, mode queue.Mode, native bool) []injection {
	switch errno {
	case "EINTR":
		wait := map[string][]string{"epoll": {"epoll_pwait", "?epoll_pwait2"}, "poll": {"ppoll"}}[mechanism]
		return []injection{{errno, slices.Concat([]string{"accept4"}, transferCalls, wait), "when=1+3"}}
	case "EAGAIN":
		all := []injection{{errno, []string{"connect"}, often}}
		// Where edges are native a false would-block is one that the kernel never says: no edge
		// follows it.
		if mode != queue.Edge || !native {
			all = append(all, injection{errno, slices.Concat([]string{"accept4"}, transferCalls), often})
		}
		if mechanism == "iouring" {
			// The kernel is out of memory, and has taken no request.
			all = append(all, injection{errno, []string{"io_uring_enter"}, "when=5+7"})
		}
		return all
	case "ECONNRESET":
		return []injection{{errno, []string{"accept4"}, often}, {errno, append([]string{"connect"}, transferCalls...), seldom}}
	case "EMFILE":
		return []injection{{errno, []string{"accept4"}, often}, {errno, []string{"socket"}, setUp}}
	case "ENOBUFS":
		return []injection{{errno, []string{"accept4"}, often}, {errno, append([]string{"connect"}, transferCalls...), seldom},
			{errno, append([]string{"socket"}, addressCalls...), setUp}}
	}
	return nil
}

// signalled are calls that get a signal as they begin, with EINTR: a real interruption.
var signalled = []string{"connect", "?io_uring_enter"}
