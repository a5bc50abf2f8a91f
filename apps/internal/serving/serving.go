// Package serving contains what the servers share: the life of a scheduler from its start to a
// signal, and the accept loop.
package serving

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"time"

	"github.com/edgewise-go/edgewise/apps/internal/strategy"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

// acceptBatchMax bounds the connections accepted before other tasks run.
const acceptBatchMax = 64

// Start takes over a connection that was accepted on the loop of a place. It owns the socket and
// closes it if it returns an error.
type Start func(t *sched.Task, p *strategy.Place, sock stream.Socket, peer net.Addr) error

// Spawn makes a connection from sock and starts a task for it. It closes the socket if it returns
// an error.
func Spawn(t *sched.Task, sock stream.Socket, name string, body func(*sched.Task, *stream.Conn) error) error {
	conn, err := stream.NewConn(sock, t.Loop().Waiter())
	if err != nil {
		return errors.Join(err, sock.Close())
	}
	err = t.Go(context.Background(), name, func(t *sched.Task) error {
		defer conn.Close()
		return body(t, conn)
	})
	if err != nil {
		return errors.Join(err, conn.Close())
	}
	return nil
}

// Serve accepts from each listener, in a task on the loop of the same place, and runs the loops
// until ctx is done. It then waits at most grace for the connections to end. A listener that fails
// ends Serve with its error: a server that cannot accept is useless, and its supervisor must
// notice.
func Serve(ctx context.Context, kit *strategy.Kit, listeners []*stream.Listener, start Start, grace time.Duration) error {
	ctx, end := context.WithCancel(ctx)
	defer end()
	failed := make(chan error, len(listeners))
	for i, l := range listeners {
		p := kit.Places[i]
		err := p.Loop.Go(context.Background(), "accept", func(t *sched.Task) error {
			err := accept(t, p, l, start)
			if !t.Draining() && !errors.Is(err, sched.ErrCanceled) {
				failed <- err
				end()
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	err := run(ctx, kit.Scheduler, grace)
	select {
	case accepting := <-failed:
		return errors.Join(accepting, err)
	default:
		return err
	}
}

func accept(t *sched.Task, p *strategy.Place, l *stream.Listener, start Start) error {
	defer l.Close()
	t.OnDrain(func() { l.Close() })
	for n := 1; ; n++ {
		sock, peer, err := l.AcceptSocket()
		if err != nil {
			return err
		}
		if err := start(t, p, sock, net.TCPAddrFromAddrPort(peer)); err != nil {
			slog.Warn("connection refused", "peer", peer, "error", err)
		}
		if n%acceptBatchMax == 0 {
			if err := t.Yield(); err != nil {
				return err
			}
		}
	}
}

// ListenOptions returns options that log exhaustion. All other fields are zero.
func ListenOptions() stream.ListenOptions {
	return stream.ListenOptions{Exhausted: func(err error, pause time.Duration) {
		slog.Warn("cannot accept", "error", err, "pause", pause)
	}}
}

func run(ctx context.Context, s sched.Scheduler, grace time.Duration) error {
	shut := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		ctx, cancel := context.WithTimeout(context.Background(), grace)
		defer cancel()
		shut <- s.Shutdown(ctx)
	})
	err := s.Run(context.Background())
	if !stop() {
		err = <-shut
	}
	if errors.Is(err, context.DeadlineExceeded) {
		slog.Warn("connections were cut", "grace", grace)
		return nil
	}
	return err
}

// ReportTask is a sched.Options.Ended that logs what an operator needs to know. It ignores peers
// that connect and disconnect.
func ReportTask(task string, err error) {
	var p *sched.PanicError
	switch {
	case errors.As(err, &p):
		slog.Error("panic", "task", task, "value", p.Value, "stack", string(p.Stack))
	case err == nil, errors.Is(err, net.ErrClosed), errors.Is(err, sched.ErrCanceled), sys.ClassOf(err) == sys.ClassDisconnected:
	default:
		slog.Warn("ended", "task", task, "error", err)
	}
}
