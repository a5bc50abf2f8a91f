package streamtest

import (
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

// Pipe connects two stream.Conns on the Waiter of f, for tests such as
// golang.org/x/net/nettest.TestConn. Any goroutine may use the connections. Each Read and Write is
// one call of f.Go. Where f.Go runs tasks, a call waits for the previous one.
func Pipe(f *Fixture) (c1, c2 net.Conn, stop func(), err error) {
	l, err := stream.Listen(f.Waiter, loopback, stream.ListenOptions{})
	if err != nil {
		return nil, nil, nil, err
	}
	return pipe(f, l)
}

// UnixPipe is Pipe over unix-domain sockets, with an unused name.
func UnixPipe(f *Fixture, name string) (c1, c2 net.Conn, stop func(), err error) {
	l, err := stream.ListenUnix(f.Waiter, name, stream.ListenOptions{})
	if err != nil {
		return nil, nil, nil, err
	}
	return pipe(f, l)
}

// pipe connects through l, and closes l.
func pipe(f *Fixture, l *stream.Listener) (c1, c2 net.Conn, stop func(), err error) {
	defer l.Close()
	type opened struct {
		c   *stream.Conn
		err error
	}
	ends := make(chan opened, 2)
	f.Go("dial", func() {
		d := stream.Dialer{Waiter: f.Waiter}
		dial, err := d.DialContext(context.Background(), l.Addr().Network(), l.Addr().String())
		c, _ := dial.(*stream.Conn)
		ends <- opened{c, err}
		if err != nil {
			l.Close()
		}
	})
	f.Go("accept", func() {
		c, err := l.AcceptOn(f.Waiter)
		ends <- opened{c, err}
	})
	a, b := <-ends, <-ends
	if a.err != nil || b.err != nil {
		for _, o := range []opened{a, b} {
			if o.c != nil {
				o.c.Close()
			}
			if err == nil {
				err = o.err
			}
		}
		return nil, nil, nil, err
	}
	c1, c2, stop = bridged(f, a.c, b.c)
	return c1, c2, stop, nil
}

// PairPipe is Pipe over the two ends of a socket pair (unix-domain sockets without a name).
func PairPipe(f *Fixture) (c1, c2 net.Conn, stop func(), err error) {
	one, other, err := sys.SocketPair()
	if err != nil {
		return nil, nil, nil, err
	}
	var conns [2]*stream.Conn
	for i, h := range []sys.Handle{one, other} {
		if conns[i], err = connOver(f, h); err != nil {
			if i == 0 {
				sys.Close(other)
			} else {
				conns[0].Close()
			}
			return nil, nil, nil, err
		}
	}
	c1, c2, stop = bridged(f, conns[0], conns[1])
	return c1, c2, stop, nil
}

// connOver turns h into a connection, or closes it.
func connOver(f *Fixture, h sys.Handle) (*stream.Conn, error) {
	s, err := stream.Adopt(h)
	if err != nil {
		sys.Close(h)
		return nil, err
	}
	c, err := stream.NewConn(s, f.Waiter)
	if err != nil {
		s.Close()
		return nil, err
	}
	return c, nil
}

func bridged(f *Fixture, a, b *stream.Conn) (c1, c2 net.Conn, stop func()) {
	one, other := &bridge{Conn: a, f: f}, &bridge{Conn: b, f: f}
	return one, other, func() {
		one.stop()
		other.stop()
	}
}

// bridge is a connection whose reads and writes may be called anywhere. It runs them where Wait may
// be called.
type bridge struct {
	net.Conn
	f       *Fixture
	reading sync.Mutex
	writing sync.Mutex
	in, out traffic // of Read and Write

	running sync.RWMutex // read-locked by each running call
	stopped bool         // guarded by running
}

// stop closes the connection and returns when no call runs. Later calls, of goroutines that outlive
// their test, do not reach the Fixture.
func (b *bridge) stop() {
	b.Conn.Close() // the test may have closed it
	b.running.Lock()
	defer b.running.Unlock()
	b.stopped = true
}

func (b *bridge) Read(p []byte) (int, error) {
	return b.run("read", &b.reading, &b.in, b.Conn.Read, p)
}

func (b *bridge) Write(p []byte) (int, error) {
	return b.run("write", &b.writing, &b.out, b.Conn.Write, p)
}

// String describes the traffic, for the evidence of a hang.
func (b *bridge) String() string {
	return fmt.Sprintf("%v to %v: reads: %v; writes: %v", b.LocalAddr(), b.RemoteAddr(), &b.in, &b.out)
}

// traffic counts what passes in one direction.
type traffic struct {
	bytes, begun, ended atomic.Int64
	moved               atomic.Int64 // when a call last began or ended, in nanoseconds since 1970
}

func (t *traffic) String() string {
	begun, ended := t.begun.Load(), t.ended.Load()
	if begun == 0 {
		return "none"
	}
	return fmt.Sprintf("%d bytes in %d calls, %d of them running; the last one began or ended %v ago",
		t.bytes.Load(), begun, begun-ended, time.Since(time.Unix(0, t.moved.Load())).Round(time.Millisecond))
}

func (b *bridge) run(name string, turn *sync.Mutex, count *traffic, f func([]byte) (int, error), p []byte) (int, error) {
	turn.Lock()
	defer turn.Unlock()
	b.running.RLock()
	defer b.running.RUnlock()
	if b.stopped {
		return 0, net.ErrClosed
	}
	done := make(chan result, 1)
	count.begun.Add(1)
	count.moved.Store(time.Now().UnixNano())
	b.f.Go(name, func() {
		n, err := f(p)
		done <- result{nil, n, err}
	})
	r := <-done
	count.bytes.Add(int64(r.n))
	count.moved.Store(time.Now().UnixNano())
	count.ended.Add(1)
	return r.n, r.err
}
