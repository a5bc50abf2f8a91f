//go:build unix

package main

import (
	"context"
	"net"
	"net/http"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/edgewise-go/edgewise"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

// subject is the server of this program within the test process, on one loop.
type subject struct {
	loop   *sched.Loop
	server *server
}

func newSubject(t testing.TB, handler http.Handler, l limits) *subject {
	t.Helper()
	stack, err := edgewise.Open(edgewise.Options{Loops: 1})
	require.NoError(t, err)
	t.Cleanup(func() {
		if err := stack.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return &subject{loop: stack.Scheduler().Loops()[0], server: &server{handler: handler, limits: l}}
}

// serve serves the connection fd, which it owns. The result arrives on the channel.
func (s *subject) serve(t testing.TB, fd int) <-chan error {
	t.Helper()
	ended := make(chan error, 1)
	err := s.loop.Go(context.Background(), "http", func(task *sched.Task) error {
		err := s.serveSocket(task, fd)
		ended <- err
		return err
	})
	require.NoError(t, err)
	return ended
}

func (s *subject) serveSocket(task *sched.Task, fd int) error {
	sock, err := stream.Adopt(sys.Handle(fd))
	if err != nil {
		return err
	}
	conn, err := stream.NewConn(sock, s.loop.Waiter())
	if err != nil {
		return err
	}
	defer conn.Close()
	return s.server.serve(task, conn)
}

func (s *subject) answers(t testing.TB, input []byte) ([]answer, error) {
	t.Helper()
	client, fd := pairOfSockets(t)
	s.serve(t, fd)
	return exchange(t, client, input)
}

// pairOfSockets makes a connection without ports, of which a fuzzer would use up too many.
func pairOfSockets(t testing.TB) (client *net.UnixConn, server int) {
	t.Helper()
	fds, err := syscall.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	require.NoError(t, err)
	syscall.CloseOnExec(fds[0])
	syscall.CloseOnExec(fds[1])
	return connOf(t, fds[0]), fds[1]
}

func connOf(t testing.TB, fd int) *net.UnixConn {
	t.Helper()
	f := os.NewFile(uintptr(fd), "socket")
	c, err := net.FileConn(f)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	return c.(*net.UnixConn)
}
