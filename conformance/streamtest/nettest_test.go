package streamtest

import (
	"net"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"golang.org/x/net/nettest"
)

// testConn runs nettest.TestConn on connections over the Waiter of target, each pair on one of its own.
func testConn(t *testing.T, target Target) { testPipe(t, target, Pipe) }

// testPipe is testConn with connections that pipe makes.
func testPipe(t *testing.T, target Target, pipe func(f *Fixture) (c1, c2 net.Conn, stop func(), err error)) {
	t.Helper()
	nettest.TestConn(t, func() (net.Conn, net.Conn, func(), error) {
		f, err := target.Open(suite.Of(t))
		if err != nil {
			return nil, nil, nil, err
		}
		c1, c2, stop, err := pipe(f)
		if err != nil {
			return nil, nil, nil, err
		}
		explained := explainStuck(t)
		return c1, c2, func() {
			explained()
			stop()
		}, nil
	})
}

// stuckAfter is a little before nettest's watchdog, which ends a test after a minute and says nothing of why.
const stuckAfter = 50 * time.Second

// explainStuck has t log who waits for what, unless the function that it returns is called in time.
func explainStuck(t *testing.T) (stop func()) {
	logged := make(chan struct{})
	timer := time.AfterFunc(stuckAfter, func() {
		defer close(logged)
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		// Linux: where the memory of all connections is used up, what arrives is dropped and sent again, later each time.
		memory, _ := os.ReadFile("/proc/net/sockstat")
		t.Logf("a test of nettest has run for %v\n%s%s", stuckAfter, memory, stacks)
	})
	return func() {
		if !timer.Stop() {
			<-logged
		}
	}
}

func TestConnOverPark(t *testing.T) { testConn(t, parked()) }
