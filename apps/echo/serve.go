package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"os"
	"time"

	"github.com/edgewise-go/edgewise/apps/internal/cli"
	"github.com/edgewise-go/edgewise/apps/internal/strategy"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

const serveUsage = `usage: echo serve [flags]

Sends back whatever arrives on each connection. SIGINT or SIGTERM ends it: it accepts no more, and connections
that have not ended after the grace are closed.`

// budgetBytes is how much a connection may move before others have their turn.
const budgetBytes = 256 << 10

// acceptBatchMax bounds the connections accepted before others have their turn.
const acceptBatchMax = 64

type server struct {
	kit  *strategy.Kit
	task string
}

func serve(ctx context.Context, args []string) error {
	fs := flag.NewFlagSet("echo serve", flag.ContinueOnError)
	addrFlag := fs.String("addr", "127.0.0.1:7007", "address to listen on; port 0 lets the system choose")
	grace := fs.Duration("grace", 5*time.Second, "how long connections may go on after SIGTERM")
	var flags strategy.Flags
	flags.Register(fs, strategy.WithBuffer|strategy.WithTask)
	if err := cli.Parse(fs, args, serveUsage); err != nil {
		return err
	}
	if fs.NArg() > 0 {
		return cli.Usagef("unexpected argument %q (see echo serve -h)", fs.Arg(0))
	}
	addr, err := strategy.ParseListenAddr(*addrFlag)
	if err != nil {
		return err
	}
	kit, err := flags.Open(sched.Options{Ended: reportTask})
	if err != nil {
		return err
	}
	listeners, err := kit.Listen(addr, stream.ListenConfig{Exhausted: func(err error, pause time.Duration) {
		slog.Warn("cannot accept", "error", err, "pause", pause)
	}})
	if err != nil {
		return err
	}
	s := &server{kit: kit, task: flags.Task}
	for i, l := range listeners {
		p := kit.Places[i]
		err := p.Loop.Go(context.Background(), "accept", func(t *sched.Task) error { return s.accept(t, p, l) })
		if err != nil {
			return err
		}
	}
	fmt.Fprintf(os.Stdout, "listening on %v\n", listeners[0].Addr())
	return s.run(ctx, *grace)
}

// run runs the loops until ctx is done and the connections have ended.
func (s *server) run(ctx context.Context, grace time.Duration) error {
	shut := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		ctx, cancel := context.WithTimeout(context.Background(), grace)
		defer cancel()
		shut <- s.kit.Scheduler.Shutdown(ctx)
	})
	err := s.kit.Scheduler.Run(context.Background())
	if !stop() {
		// Connections that outlast the grace are cancelled, which is how an idle one is expected to end.
		if serr := <-shut; errors.Is(serr, context.DeadlineExceeded) {
			return nil
		} else if serr != nil {
			return serr
		}
	}
	return err
}

func reportTask(task string, err error) {
	var p *sched.PanicError
	switch {
	case errors.As(err, &p):
		slog.Error("panic", "task", task, "value", p.Value, "stack", string(p.Stack))
	case err == nil, errors.Is(err, net.ErrClosed), errors.Is(err, sched.ErrCanceled), sys.ClassOf(err) == sys.ClassDisconnected:
		// Peers come and go.
	default:
		slog.Warn("ended", "task", task, "error", err)
	}
}

// accept hands every connection to a task of its own on the same loop.
func (s *server) accept(t *sched.Task, p *strategy.Place, l *stream.Listener) error {
	defer l.Close()
	t.OnDrain(func() { l.Close() })
	for n := 1; ; n++ {
		sock, _, err := l.AcceptSocket()
		if err != nil {
			return err
		}
		if err := s.start(t, p, sock); err != nil {
			slog.Warn("refused", "error", err)
			sock.Close()
		}
		if n%acceptBatchMax == 0 {
			if err := t.Yield(); err != nil {
				return err
			}
		}
	}
}

func (s *server) start(t *sched.Task, p *strategy.Place, sock stream.Socket) error {
	if s.task == "handler" {
		return handle(p, sock)
	}
	buffer, err := p.Buffers.New()
	if err != nil {
		return err
	}
	conn, err := stream.NewConn(sock, p.Loop.Tasks())
	if err != nil {
		return err
	}
	return t.Go(context.Background(), "echo", func(t *sched.Task) error {
		defer conn.Close()
		defer buffer.Release()
		return echo(t, conn, buffer)
	})
}
