package edgewise

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sched"
)

// A server whose listener fails learns it at once, not when its last client has left.
func TestServeReturnsWhenItsListenerFails(t *testing.T) {
	s := openForTest(t, Options{Loops: 1})
	l, err := s.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(context.Background(), l, copyBack) }()
	c, err := s.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	roundTrip(t, c)
	l.Close()
	if err := <-served; !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v of Serve, want net.ErrClosed", err)
	}
	roundTrip(t, c)
	if err := c.(*Conn).CloseWrite(); err != nil {
		t.Error(err)
	}
	if err := s.Shutdown(context.Background()); err != nil {
		t.Errorf("got %v of Shutdown, want nil", err)
	}
}

// Handlers are made on their loop. A connection that gets no handler is closed, and a handler that
// cannot be started is ended.
func TestServeHandlersRefuses(t *testing.T) {
	s := openForTest(t, Options{Loops: 1, Sched: sched.Options{MaxTasks: 2}}) // one accepts, one serves
	l, err := s.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refusal := errors.New("no room")
	ended := make(chan error, 3)
	n := 0
	served := make(chan error, 1)
	go func() {
		served <- s.ServeHandlers(context.Background(), l, func(l *sched.Loop, sock Socket) (Handler, error) {
			if l != s.Scheduler().Loops()[0] {
				t.Errorf("got loop %p, want that of the handler", l)
			}
			if n++; n == 1 {
				return nil, refusal
			}
			return &waiting{sock, ended}, nil
		})
	}()
	var conns []net.Conn
	for range 3 {
		c, err := s.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		conns = append(conns, c)
	}
	for _, c := range []net.Conn{conns[0], conns[2]} {
		if n, err := c.Read(make([]byte, 1)); n != 0 || err == nil {
			t.Errorf("got %d, %v of a refused connection, want its end", n, err)
		}
	}
	if err := <-ended; !errors.Is(err, sched.ErrFull) {
		t.Errorf("got %v for the handler without a place, want ErrFull", err)
	}
	if err := s.Shutdown(context.Background()); err != nil {
		t.Errorf("got %v of Shutdown, want nil", err)
	}
	if err := <-ended; err != nil {
		t.Errorf("got %v for the handler that served, want nil", err)
	}
	if err := <-served; err != nil {
		t.Errorf("got %v of ServeHandlers, want nil", err)
	}
}

// waiting is a handler that waits for its loop to drain.
type waiting struct {
	sock  Socket
	ended chan<- error
}

func (w *waiting) Step(_ sched.HandlerTask, cause sched.Cause) sched.Next {
	if cause == sched.Draining {
		return sched.Done(nil)
	}
	return sched.WaitFor(queue.Readable)
}

func (w *waiting) End(err error) {
	w.sock.Close()
	w.ended <- err
}

func openForTest(t *testing.T, o Options) *Stack {
	t.Helper()
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func copyBack(_ *Task, c *Conn) error {
	_, err := io.Copy(c, c)
	return err
}

func roundTrip(t *testing.T, c net.Conn) {
	t.Helper()
	var b [5]byte
	if _, err := c.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(c, b[:]); err != nil || string(b[:]) != "hello" {
		t.Fatalf("got %q, %v, want what was sent", b, err)
	}
}
