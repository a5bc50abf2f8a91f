package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/edgewise-go/edgewise/apps/internal/cli"
	"github.com/edgewise-go/edgewise/apps/internal/serving"
	"github.com/edgewise-go/edgewise/apps/internal/strategy"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/stream"
)

const serveUsage = `usage: echo serve [flags]

Sends back whatever arrives on each connection. On SIGINT or SIGTERM it stops accepting, and closes the
connections that have not ended within the grace.`

// A connection may move this many bytes, and take this much time, before other tasks run.
const (
	budgetBytes = 64 << 10
	budgetTime  = 200 * time.Microsecond
)

func serve(ctx context.Context, args []string) error {
	fs := flag.NewFlagSet("echo serve", flag.ContinueOnError)
	addrFlag := fs.String("addr", "127.0.0.1:7007", "address to listen on; port 0 lets the system choose")
	grace := fs.Duration("grace", 5*time.Second, "how long connections may continue after SIGTERM")
	report := fs.Duration("report", 0, "log the number of tasks and the memory in use at this interval; 0 for never")
	collect := fs.Bool("collect", false, "free all memory that can be freed before each report")
	var flags strategy.Flags
	flags.Register(fs, strategy.WithBuffer|strategy.WithTask)
	if err := cli.Parse(fs, args, serveUsage); err != nil {
		return err
	}
	if fs.NArg() > 0 {
		return cli.Usagef("unexpected argument %q (see echo serve -h)", fs.Arg(0))
	}
	if *grace < 0 || *report < 0 {
		return cli.Usagef("-grace %v -report %v: want 0 or more", *grace, *report)
	}
	addr, err := strategy.ParseListenAddr(*addrFlag)
	if err != nil {
		return err
	}
	kit, err := flags.Open(sched.Options{Ended: serving.ReportTask, TurnBudget: budgetTime})
	if err != nil {
		return err
	}
	listeners, err := kit.Listen(addr, serving.ListenOptions())
	if err != nil {
		return err
	}
	start := startCoroutine
	if flags.Task == "handler" {
		start = startHandler
	}
	if *report > 0 {
		if err := serving.Report(kit, *report, *collect); err != nil {
			return err
		}
	}
	fmt.Fprintf(os.Stdout, "listening on %v\n", listeners[0].Addr())
	return serving.Serve(ctx, kit, listeners, start, *grace)
}

func startCoroutine(t *sched.Task, p *strategy.Place, sock stream.Socket, _ net.Addr) error {
	buffer, err := p.Buffers.New()
	if err != nil {
		return errors.Join(err, sock.Close())
	}
	err = serving.Spawn(t, sock, "echo", func(t *sched.Task, conn *stream.Conn) error {
		defer buffer.Release()
		return echo(t, conn, buffer)
	})
	if err != nil {
		buffer.Release()
	}
	return err
}

func startHandler(_ *sched.Task, p *strategy.Place, sock stream.Socket, _ net.Addr) error {
	buffer, err := p.Buffers.New()
	if err != nil {
		return errors.Join(err, sock.Close())
	}
	h := &handler{sock: sock, buffer: buffer}
	if _, err := p.Loop.StartHandler(h.sock.Handle(), h); err != nil {
		buffer.Release()
		return errors.Join(err, h.sock.Close())
	}
	return nil
}
