package interrupt

import (
	"slices"

	"github.com/edgewise-go/edgewise/queue"
)

// injection makes system calls fail under strace. The error is one that the manual page or POSIX
// documents for the call, at a place where the kernel may return it. A call that was not made must
// not pretend to have had an effect. Therefore EINTR is not injected into connect(2) and
// io_uring_enter(2), which would continue after it; they get a signal instead. close(2) is left
// alone, because it closes whatever it returns.
type injection struct {
	errno string
	calls []string
	when  string // which calls of a thread; see strace(1)
}

const (
	often  = "when=2+5"
	seldom = "when=11+41"
	// setUp skips the calls that open the listener and the queue: without those there is nothing to
	// test.
	setUp = "when=12+29"
)

// Errnos returns the errors that are injected, each in its own runs.
func Errnos() []string { return []string{"EINTR", "EAGAIN", "ECONNRESET", "EMFILE", "ENOBUFS"} }

var (
	transferCalls = []string{"recvfrom", "sendto", "recvmsg", "sendmsg"}
	addressCalls  = []string{"getsockopt", "getsockname", "getpeername", "setsockopt", "shutdown"}
)

// injections returns what to inject to produce errno.
func injections(errno, mechanism string, mode queue.Mode, native bool) []injection {
	switch errno {
	case "EINTR":
		wait := map[string][]string{"epoll": {"epoll_pwait", "?epoll_pwait2"}, "poll": {"ppoll"}}[mechanism]
		return []injection{{errno, slices.Concat([]string{"accept4"}, transferCalls, wait), "when=1+3"}}
	case "EAGAIN":
		all := []injection{{errno, []string{"connect"}, often}}
		// With native edges, the kernel never returns a false would-block: no edge would follow it.
		if mode != queue.Edge || !native {
			all = append(all, injection{errno, slices.Concat([]string{"accept4"}, transferCalls), often})
		}
		if mechanism == "iouring" {
			// The kernel is out of memory and has taken no request.
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
