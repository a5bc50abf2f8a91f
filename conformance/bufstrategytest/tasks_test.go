package bufstrategytest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/netip"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/bufstrategy/adapter"
	"github.com/edgewise-go/edgewise/bufstrategy/message"
	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/stream"
)

const (
	taskConns    = 4
	taskMessages = 60
	taskLimit    = time.Minute // ends a stalled test
)

// Tasks of one loop, whose buffers share memory where the strategy does, read messages through
// WaitReader and send them back through WaitWriter. Each task waits while its connection has
// nothing. Meanwhile, the other tasks use the memory.
func TestTasksWaitWhereTheirConnectionsDo(t *testing.T) {
	targets := []Target{byName("fixed"), byName("grow"), byName("ring"), byName("mirrored"), pooled(512), sharedTarget()}
	modes := []queue.Mode{queue.Level, queue.Edge, queue.OneShot}
	for _, c := range suite.Combinations(len(targets), len(modes), len(ways)) {
		target, mode, mechanism := targets[c[0]], modes[c[1]], "auto"+ways[c[2]]
		t.Run(fmt.Sprintf("%s/%v/%s", mechanism, mode, target.Name), func(t *testing.T) { echoMessages(t, target, mechanism, mode) })
	}
}

func echoMessages(t *testing.T, target Target, mechanism string, mode queue.Mode) {
	loop, err := openLoop(mechanism, sched.Options{Mode: mode, Ended: func(task string, err error) {
		if err != nil {
			t.Errorf("%s: %v", task, err)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	f, err := target.Open(nil)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := stream.Listen(loop.Waiter(), netip.MustParseAddrPort("127.0.0.1:0"), stream.ListenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	start := func(name string, body func(t *sched.Task) error) {
		if err := loop.Go(context.Background(), name, body); err != nil {
			t.Error(err)
		}
	}
	start("acceptor", func(*sched.Task) error {
		for i := range taskConns {
			conn, err := listener.AcceptOn(loop.Waiter())
			if err != nil {
				return err
			}
			start("server", func(*sched.Task) error {
				defer conn.Close()
				return serveMessages(conn, f, i%2 == 0)
			})
		}
		loop.Drain() // accepts no more tasks; Run returns after the last has ended
		return nil
	})
	for i := range taskConns {
		start("client", func(task *sched.Task) error {
			dialer := stream.Dialer{Waiter: loop.Waiter()}
			conn, err := dialer.DialContext(task.Context(), "tcp", listener.Addr().String())
			if err != nil {
				return err
			}
			defer conn.Close()
			return askMessages(conn.(*stream.Conn), f, byte(i))
		})
	}
	ctx, cancel := context.WithTimeout(context.Background(), taskLimit)
	defer cancel()
	if err := loop.Run(ctx); err != nil {
		t.Error(err)
	}
	if err := listener.Close(); err != nil {
		t.Error(err)
	}
}

// joined is a connection with buffers on both sides.
type joined struct {
	in  *adapter.WaitReader
	out *adapter.WaitWriter
}

func joinBuffers(conn *stream.Conn, f *Fixture) (joined, error) {
	a, err := f.New(Options{Limit: 1000, Poison: true})
	if err != nil {
		return joined{}, err
	}
	b, err := f.New(Options{Limit: 700, Poison: true})
	if err != nil {
		return joined{}, err
	}
	return joined{
		&adapter.WaitReader{Buffer: a, Reader: conn, Wait: conn.WaitRead},
		&adapter.WaitWriter{Buffer: b, Writer: conn, Wait: conn.WaitWrite},
	}, nil
}

func (j joined) release() {
	j.in.Buffer.Release()
	j.out.Buffer.Release()
}

// serveMessages sends back what comes, message by message or as it comes.
func serveMessages(conn *stream.Conn, f *Fixture, whole bool) error {
	j, err := joinBuffers(conn, f)
	if err != nil {
		return err
	}
	defer j.release()
	if whole {
		_, err := j.in.WriteTo(unbuffered{j.out})
		return err
	}
	frames := &message.Frames{Width: 2}
	for {
		got, err := j.in.ReadMessage(frames)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		// On a Shared, a slice is invalid once another buffer uses the array, and the answer's
		// buffer is another.
		if err := sendMessage(j.out, bytes.Clone(got)); err != nil {
			return err
		}
		if err := j.out.Flush(); err != nil {
			return err
		}
	}
}

// unbuffered keeps nothing back, because the client waits for it.
type unbuffered struct{ *adapter.WaitWriter }

func (f unbuffered) Write(p []byte) (int, error) {
	n, err := f.WaitWriter.Write(p)
	if err != nil {
		return n, err
	}
	return n, f.Flush()
}

func sendMessage(w *adapter.WaitWriter, p []byte) error {
	_ = w.WriteByte(byte(len(p) >> 8))
	_ = w.WriteByte(byte(len(p)))
	_, err := w.Write(p)
	return err
}

// askMessages sends messages, a few at once, and expects each back.
func askMessages(conn *stream.Conn, f *Fixture, seed byte) error {
	j, err := joinBuffers(conn, f)
	if err != nil {
		return err
	}
	defer j.release()
	frames := &message.Frames{Width: 2}
	next := 0
	for i := range taskMessages {
		if err := sendMessage(j.out, payload(i, seed)); err != nil {
			return err
		}
		if i%3 != 2 {
			continue
		}
		if err := j.out.Flush(); err != nil {
			return err
		}
		if i == taskMessages-1 {
			if err := conn.CloseWrite(); err != nil {
				return err
			}
		}
		for ; next <= i; next++ {
			got, err := j.in.ReadMessage(frames)
			if err != nil {
				return err
			}
			if !bytes.Equal(got, payload(next, seed)) {
				return fmt.Errorf("message %d is %d bytes, and not those that were sent", next, len(got))
			}
		}
	}
	if rest, err := j.in.ReadMessage(frames); err != io.EOF {
		return fmt.Errorf("%d bytes, %v after the last message", len(rest), err)
	}
	return nil
}

func payload(i int, seed byte) []byte {
	p := make([]byte, i*131%900)
	for k := range p {
		p[k] = byte(i+k)*7 + seed
	}
	return p
}
