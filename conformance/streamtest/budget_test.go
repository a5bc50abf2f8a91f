package streamtest

import (
	"context"
	"fmt"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/auto"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

const (
	// readyBytes is the number of bytes in the socket before they are read one by one. No read has
	// to wait, and none finds the socket empty.
	readyBytes = 2 << 10
	// pingsBeside is how many turns another task takes meanwhile.
	pingsBeside = 100
)

// A task whose socket is ready at every read lets the other tasks of its loop run if there is a
// budget, without extra code.
func TestAReaderThatNeverWaitsStarvesNobody(t *testing.T) {
	for _, mode := range []queue.Mode{queue.Level, queue.Edge, queue.OneShot} {
		// On a loop with several threads, the other task may be on one that the system does not
		// run.
		for _, p := range placings()[:2] {
			t.Run(fmt.Sprintf("%v/%s", mode, p.name), func(t *testing.T) {
				s, err := p.make(func() (queue.Queue, error) { return auto.ByName("auto") }, sched.Options{Mode: mode, TurnBudget: time.Nanosecond})
				if err != nil {
					t.Fatal(err)
				}
				ended := make(chan error, 1)
				go func() { ended <- s.Run(context.Background()) }()
				readBesidePings(t, s.Loops()[0])
				s.Drain()
				if err := <-ended; err != nil {
					t.Error(err)
				}
			})
		}
	}
}

func readBesidePings(t *testing.T, l *sched.Loop) {
	conn := filled(t, l.Waiter())
	defer conn.Close()
	var pings atomic.Int32
	err := l.Call(t.Context(), "reads", func(task *sched.Task) error {
		err := task.Go(t.Context(), "pings", func(task *sched.Task) error {
			for pings.Load() < pingsBeside {
				pings.Add(1)
				if err := task.Yield(); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		p := make([]byte, 1)
		for range readyBytes {
			if _, err := conn.Read(p); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := pings.Load(); n < pingsBeside {
		t.Errorf("another task had %d turns during %d reads", n, readyBytes)
	}
}

// filled returns a connection that already has the bytes.
func filled(t *testing.T, w stream.Waiter) *stream.Conn {
	t.Helper()
	conn, peer := connected(t, w)
	if _, err := peer.Write(make([]byte, readyBytes)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// connected returns a connection and its peer, which is closed when the test ends.
func connected(t *testing.T, w stream.Waiter) (*stream.Conn, net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", loopback.String())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s, err := stream.OpenTCP(sys.IPv4)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.StartConnect(l.Addr().(*net.TCPAddr).AddrPort()); err != nil && err != sys.ErrWouldBlock {
		t.Fatal(err)
	}
	peer, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { peer.Close() })
	fds := []sys.PollFD{{Fd: int32(s.Handle()), Events: sys.PollOut}}
	if _, err := sys.Poll(fds, suite.Patience()); err != nil {
		t.Fatal(err)
	}
	if err := s.FinishConnect(); err != nil && err != stream.ErrNotConnecting {
		t.Fatal(err)
	}
	conn, err := stream.NewConn(s, w)
	if err != nil {
		t.Fatal(err)
	}
	return conn, peer
}
