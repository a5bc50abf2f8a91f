package streamtest

import (
	"net"
	"testing"

	"golang.org/x/net/nettest"
)

// tested is a *testing.T as a T.
type tested struct{ *testing.T }

// OnHang does nothing: nettest has a watchdog of its own.
func (tested) OnHang(func()) {}

// testConn runs nettest.TestConn on connections over the Waiter of target, each pair on one of its own.
func testConn(t *testing.T, target Target) { testPipe(t, target, Pipe) }

// testPipe is testConn with connections that pipe makes.
func testPipe(t *testing.T, target Target, pipe func(f *Fixture) (c1, c2 net.Conn, stop func(), err error)) {
	t.Helper()
	nettest.TestConn(t, func() (net.Conn, net.Conn, func(), error) {
		f, err := target.Open(tested{t})
		if err != nil {
			return nil, nil, nil, err
		}
		return pipe(f)
	})
}

func TestConnOverPark(t *testing.T) { testConn(t, parked()) }
