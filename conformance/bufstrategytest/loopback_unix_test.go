//go:build unix

package bufstrategytest

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/bufstrategy"
)

// connLimit ends a test that has stalled.
const connLimit = 20 * time.Second

// tcpSource reads a connection of package net, whose descriptors never block, by single system calls.
type tcpSource struct {
	raw     syscall.RawConn
	blocked bool
}

func (s *tcpSource) TryReadv(segs [][]byte) (int, error) {
	total := 0
	s.blocked = false
	for _, p := range segs {
		n, err := s.read(p)
		total += n
		switch {
		case err != nil && total > 0:
			return total, nil // the next call says so again
		case err != nil:
			return 0, err
		case n < len(p):
			return total, nil
		}
	}
	return total, nil
}

func (s *tcpSource) read(p []byte) (n int, err error) {
	rawErr := s.raw.Read(func(fd uintptr) bool {
		n, err = syscall.Read(int(fd), p)
		for err == syscall.EINTR {
			n, err = syscall.Read(int(fd), p)
		}
		return true
	})
	switch {
	case rawErr != nil:
		return 0, rawErr
	case err == syscall.EAGAIN:
		s.blocked = true
		return 0, wouldBlock{}
	case err != nil:
		return 0, err
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}

// wait blocks until the connection is readable.
func (s *tcpSource) wait() error {
	var one [1]byte
	return s.raw.Read(func(fd uintptr) bool {
		_, _, err := syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK)
		return err != syscall.EAGAIN && err != syscall.EINTR
	})
}

// pair is the two ends of a TCP connection on loopback.
func pair(t *testing.T) (a, b *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	s, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []net.Conn{c, s} {
		t.Cleanup(func() { c.Close() })
		if err := c.SetDeadline(time.Now().Add(connLimit)); err != nil {
			t.Fatal(err)
		}
	}
	return c.(*net.TCPConn), s.(*net.TCPConn)
}

func TestABufferThatIsFullWhileTheSocketHasMoreOverTCP(t *testing.T) {
	const size = 1 << 20
	for _, target := range []Target{byName("fixed"), byName("grow"), byName("ring"), pooled(4096), sharedTarget()} {
		for seed, limit := range []int{1 << 10, 4 << 10, 64 << 10} {
			t.Logf("%s, limit %d, seed %d", target.Name, limit, seed)
			f, err := target.Open(nil)
			if err != nil {
				t.Fatal(err)
			}
			b, err := f.New(Config{Limit: limit})
			if err != nil {
				t.Fatal(err)
			}
			client, server := pair(t)
			data := pattern(size, uint64(seed))
			rng := rand.New(rand.NewPCG(uint64(seed), 30))
			sent := make(chan error, 1)
			go func() { sent <- send(client, data, pieces(rng, 3*limit)) }()
			got := receive(t, b, server, pieces(rand.New(rand.NewPCG(uint64(seed), 31)), 2*limit))
			if err := <-sent; err != nil {
				t.Fatalf("send: %v", err)
			}
			if !bytes.Equal(got, data) {
				t.Fatalf("%d bytes came, not the %d that were sent", len(got), size)
			}
		}
	}
}

// send writes data in pieces and finishes right behind the last one.
func send(c *net.TCPConn, data []byte, size func() int) error {
	for len(data) > 0 {
		n, err := c.Write(data[:min(size(), len(data))])
		if err != nil {
			return err
		}
		data = data[n:]
	}
	return c.CloseWrite()
}

func receive(t *testing.T, b bufstrategy.Buffer, c *net.TCPConn, take func() int) []byte {
	t.Helper()
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	src := &tcpSource{raw: raw}
	var got []byte
	for {
		o, _, err := bufstrategy.Fill(b, src, 32<<10)
		k := min(take(), b.Len())
		switch o {
		case bufstrategy.EOF:
			return append(got, join(b.Segments())...)
		case bufstrategy.Drained:
			if !src.blocked {
				t.Fatal("Drained before would-block")
			}
			if err := src.wait(); err != nil {
				t.Fatalf("stalled after %d bytes: %v", len(got), err)
			}
		case bufstrategy.Full, bufstrategy.Budget:
		default:
			t.Fatalf("Fill: %v: %v", o, errors.Join(err))
		}
		got = appendFirst(got, b.Segments(), k)
		b.Discard(k)
	}
}
