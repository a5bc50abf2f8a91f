//go:build unix && (amd64 || arm64)

package stream_test

import (
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/stream/park"
	"github.com/edgewise-go/edgewise/sys"
	"github.com/stretchr/testify/require"
)

// counting is a Waiter that counts the waits for writing.
type counting struct {
	park.Waiter
	waits chan<- struct{}
}

func (c counting) Register(h sys.Handle) (stream.Source, error) {
	r, err := c.Waiter.Register(h)
	return countingSource{r, c.waits}, err
}

type countingSource struct {
	stream.Source
	waits chan<- struct{}
}

func (r countingSource) Wait(d sys.Direction, deadline time.Time) error {
	if d == sys.Writable {
		r.waits <- struct{}{}
	}
	return r.Source.Wait(d, deadline)
}

func TestAWriteBeyondTwoGiBIsSplit(t *testing.T) {
	const size = 2<<30 + 4096
	// The kernel reads the pages of the mapping as it takes them, and it takes few.
	p, err := syscall.Mmap(-1, 0, size, syscall.PROT_READ, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	require.NoError(t, err)
	defer syscall.Munmap(p)
	for name, write := range map[string]func(c *stream.Conn) (int64, error){
		"Write": func(c *stream.Conn) (int64, error) {
			n, err := c.Write(p)
			return int64(n), err
		},
		"Writev": func(c *stream.Conn) (int64, error) { return c.Writev(&net.Buffers{p, p}) },
	} {
		a, b, err := sys.SocketPair()
		require.NoError(t, err)
		s, err := stream.Adopt(a)
		require.NoError(t, err)
		waits := make(chan struct{}, 1<<16)
		c, err := stream.NewConn(s, counting{waits: waits})
		require.NoError(t, err)
		type result struct {
			n   int64
			err error
		}
		wrote := make(chan result, 1)
		go func() {
			n, err := write(c)
			wrote <- result{n, err}
		}()
		<-waits // the kernel has taken as many of the 2 GiB as it has room for
		require.NoError(t, c.Close())
		r := <-wrote
		if !errors.Is(r.err, net.ErrClosed) || r.n == 0 || r.n == size {
			t.Errorf("%s of %d bytes: %d, %v, want a part and net.ErrClosed", name, int64(size), r.n, r.err)
		}
		peer, err := stream.Adopt(b)
		require.NoError(t, err)
		got, err := io.Copy(io.Discard, tryReader{&peer})
		if got != r.n || err != nil {
			t.Errorf("%s: the peer received %d bytes, want %d as counted; error %v", name, got, r.n, err)
		}
		peer.Close()
	}
}

// tryReader reads without waiting.
type tryReader struct{ s *stream.Socket }

func (r tryReader) Read(p []byte) (int, error) { return r.s.TryRead(p) }
