package streamtest

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"golang.org/x/net/nettest"
)

// testConn runs nettest.TestConn on connections over the Waiter of target. Each pair has a Waiter
// of its own.
func testConn(t *testing.T, target Target) { testPipe(t, target, Pipe) }

// testPipe is testConn with connections from pipe.
func testPipe(t *testing.T, target Target, pipe func(f *Fixture) (c1, c2 net.Conn, stop func(), err error)) {
	t.Helper()
	nettest.TestConn(t, func() (net.Conn, net.Conn, func(), error) {
		s := &evident{T: suite.Of(t)}
		f, err := target.Open(s)
		if err != nil {
			return nil, nil, nil, err
		}
		c1, c2, stop, err := pipe(f)
		if err != nil {
			return nil, nil, nil, err
		}
		for _, c := range []net.Conn{c1, c2} {
			if b, ok := c.(*bridge); ok {
				s.Evidence(b.String)
			}
		}
		explained := s.explain()
		return c1, c2, func() {
			explained()
			stop()
		}, nil
	})
}

// evident is a T that can print its evidence while the test runs.
type evident struct {
	T
	all []func() string
}

func (e *evident) Evidence(f func() string) { e.all = append(e.all, f) }

// stuckAfter is shortly before nettest's watchdog, which ends a test after a minute without a
// reason.
const stuckAfter = 50 * time.Second

// explain logs the evidence, the state of the kernel and all stacks, unless the function that it
// returns is called in time. No evidence is available later.
func (e *evident) explain() (stop func()) {
	logged := make(chan struct{})
	timer := time.AfterFunc(stuckAfter, func() {
		defer close(logged)
		var all strings.Builder
		for _, f := range e.all {
			fmt.Fprintln(&all, f())
		}
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		e.Logf("a test of nettest has run for %v\n%s%s%s", stuckAfter, all.String(), kernelEvidence(), stacks)
	})
	return func() {
		if !timer.Stop() {
			<-logged
		}
	}
}

// kernelEvidence returns what Linux reports about this process's queues and about all TCP sockets:
// which handles are registered and armed, what has not been sent or read, and how often it was
// retransmitted.
//
// If the memory of all connections is used up, arriving data is dropped and retransmitted at
// growing intervals. On other systems the evidence is empty.
func kernelEvidence() string {
	var all strings.Builder
	for _, name := range []string{"/proc/net/sockstat", "/proc/net/tcp"} {
		text, _ := os.ReadFile(name)
		for line := range strings.Lines(string(text)) {
			if fields := strings.Fields(line); len(fields) > 3 && fields[3] == "06" {
				continue // in TIME_WAIT
			}
			all.WriteString(line)
		}
	}
	infos, _ := filepath.Glob("/proc/self/fdinfo/*")
	for _, name := range infos {
		if text, _ := os.ReadFile(name); strings.Contains(string(text), "tfd:") {
			fmt.Fprintf(&all, "epoll queue %s:\n%s", filepath.Base(name), text)
		}
	}
	return all.String()
}

func TestConnOverPark(t *testing.T) { testConn(t, parked()) }
