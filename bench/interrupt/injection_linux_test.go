package interrupt

import (
	"slices"
	"strings"
	"testing"

	"github.com/edgewise-go/edgewise/queue"
)

func TestEveryErrorIsInjectedSomewhere(t *testing.T) {
	for _, errno := range Errnos() {
		for _, mechanism := range []string{"epoll", "iouring", "poll"} {
			for _, mode := range []queue.Mode{queue.Level, queue.Edge, queue.OneShot} {
				all := injections(errno, mechanism, mode, true)
				if len(all) == 0 {
					t.Errorf("%s, %s, mode %v: got nothing to inject", errno, mechanism, mode)
				}
				starved := false // of memory, in the wait
				for _, i := range all {
					if errno == "EAGAIN" && slices.Contains(i.calls, "io_uring_enter") {
						starved = true
					}
					if errno == "EAGAIN" && mode == queue.Edge && strings.Contains(strings.Join(i.calls, " "), "recv") {
						t.Errorf("%s: a false would-block is injected although edges are native", mechanism)
					}
				}
				if want := errno == "EAGAIN" && mechanism == "iouring"; starved != want {
					t.Errorf("%s, %s, mode %v: the wait is out of memory: got %v, want %v", errno, mechanism, mode, starved, want)
				}
			}
		}
	}
}
