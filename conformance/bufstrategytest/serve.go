package bufstrategytest

import (
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"time"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/stream/park"
	"github.com/edgewise-go/edgewise/sys"
)

// Conn is a connection that never blocks, as Fixture.Serve passes it to a step. It may also be a
// bufstrategy.ShortReader.
type Conn interface {
	bufstrategy.TryReader
	bufstrategy.TryWriter
	CloseWrite() error
}

// Next is the result of a step of a connection.
type Next uint8

// The results of a step.
const (
	Again   Next = iota // more can be done at once: let others run, then continue without waiting
	Blocked             // the connection would block: continue when it is ready
	Over                // all is done
)

// ServeConn turns s into a connection over w, calls step for it until step returns Over, and closes
// the connection. After Blocked it waits for direction d. After Again it calls yield.
//
// It runs on the goroutine, or in the task, that calls it. It implements Fixture.Serve if w
// suspends its callers.
func ServeConn(t T, w stream.Waiter, yield func() error, s stream.Socket, d sys.Direction, step func(Conn) Next) error {
	c, err := stream.NewConn(s, w)
	if err != nil {
		s.Close() // the first error counts
		return err
	}
	defer c.Close()
	t.OnHang(func() { c.Close() })
	for {
		switch step(c) {
		case Over:
			return nil
		case Again:
			err = yield()
		case Blocked:
			err = waitFor(c, d)
		}
		if err != nil {
			return err
		}
	}
}

func waitFor(c *stream.Conn, d sys.Direction) error {
	if d == sys.Writable {
		return c.WaitWrite()
	}
	return c.WaitRead()
}

func (f *Fixture) serve(t T, s stream.Socket, d sys.Direction, step func(Conn) Next) error {
	if f.Serve != nil {
		return f.Serve(t, s, d, step)
	}
	yield := func() error {
		runtime.Gosched()
		return nil
	}
	return ServeConn(t, park.Waiter{}, yield, s, d, step)
}

// connectMax bounds the wait for what the kernel is certain to do at once.
const connectMax = 10 * time.Second

// connect returns a socket and its peer over loopback. The peer is a connection of package net that
// is closed when the case ends or hangs.
func connect(t T) (stream.Socket, *net.TCPConn) {
	t.Helper()
	s, peer, err := connected()
	if err != nil {
		t.Fatalf("a connection over loopback: %v", err)
	}
	// The cleanup and the hang may both come, and the case may have closed the peer: the error is
	// of no interest.
	t.Cleanup(func() { peer.Close() })
	t.OnHang(func() { peer.Close() })
	return s, peer
}

func connected() (s stream.Socket, peer *net.TCPConn, err error) {
	l, err := stream.OpenTCP(sys.IPv4)
	if err != nil {
		return s, nil, err
	}
	defer l.Close()
	if err := l.Bind(netip.MustParseAddrPort("127.0.0.1:0")); err != nil {
		return s, nil, err
	}
	if err := l.Listen(1); err != nil {
		return s, nil, err
	}
	addr, err := l.LocalAddr()
	if err != nil {
		return s, nil, err
	}
	peer, err = net.DialTCP("tcp", nil, net.TCPAddrFromAddrPort(addr))
	if err != nil {
		return s, nil, err
	}
	if err = readable(l.Handle()); err == nil {
		s, _, err = l.TryAccept()
	}
	if err != nil {
		peer.Close() // the first error counts
	}
	return s, peer, err
}

// readable waits until h is readable.
func readable(h sys.Handle) error {
	fds := []sys.PollFD{{Fd: int32(h), Events: sys.PollIn}}
	for until := time.Now().Add(connectMax); ; {
		n, err := sys.Poll(fds, time.Until(until))
		if sys.ClassOf(err) == sys.ClassInterrupted {
			continue
		}
		if err == nil && n == 0 {
			err = fmt.Errorf("nothing to accept for %v", connectMax)
		}
		return err
	}
}
