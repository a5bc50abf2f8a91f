package main

import (
	"context"
	"flag"
	"time"

	"github.com/edgewise-go/edgewise"
	"github.com/edgewise-go/edgewise/apps/internal/cli"
	"github.com/edgewise-go/edgewise/apps/internal/serving"
	"github.com/edgewise-go/edgewise/apps/internal/strategy"
	"github.com/edgewise-go/edgewise/sched"
)

const serveUsage = `usage: echo serve [flags]

Sends back whatever arrives on each connection. With -sink, it discards what arrives, and sends back only the number
of bytes, as a decimal line, after the peer has ended its stream. On SIGINT or SIGTERM it stops accepting, and closes the
connections that have not ended within the grace.`

// A connection may move this many bytes, and take this much time, before other tasks run.
const (
	budgetBytes = 64 << 10
	budgetTime  = 200 * time.Microsecond
)

func serve(ctx context.Context, args []string) error {
	fs := flag.NewFlagSet("echo serve", flag.ContinueOnError)
	addr := fs.String("addr", "127.0.0.1:7007", "address to listen on; port 0 lets the system choose")
	grace := fs.Duration("grace", 5*time.Second, "how long connections may continue after SIGTERM")
	report := fs.Duration("report", 0, "log the number of tasks and the memory in use at this interval; 0 for never")
	collect := fs.Bool("collect", false, "free all memory that can be freed before each report")
	task := fs.String("task", "coroutine", "form of the tasks: coroutine|handler")
	discard := fs.Bool("sink", false, "discard what arrives, and send back only its number of bytes at the end")
	profile := serving.ProfileFlag(fs)
	options := edgewise.Options{Sched: sched.Options{Ended: serving.LogEnd, TurnBudget: budgetTime}}
	strategy.Register(fs, &options, strategy.WithBuffer)
	if err := cli.Parse(fs, args, serveUsage); err != nil {
		return err
	}
	if fs.NArg() > 0 {
		return cli.Usagef("unexpected argument %q (see echo serve -h)", fs.Arg(0))
	}
	if *grace < 0 || *report < 0 {
		return cli.Usagef("-grace %v -report %v: want 0 or more", *grace, *report)
	}
	forms := map[string]func(*edgewise.Stack, *edgewise.Listener) error{"coroutine": serveCoroutines, "handler": serveHandlers}
	if *discard {
		forms = map[string]func(*edgewise.Stack, *edgewise.Listener) error{"coroutine": sinkCoroutines, "handler": sinkHandlers}
	}
	form, ok := forms[*task]
	if !ok {
		return cli.Usagef("-task %s: unknown; want one of coroutine|handler", *task)
	}
	stack, err := strategy.Open(options)
	if err != nil {
		return err
	}
	l, err := serving.Listen(ctx, stack, *addr)
	if err != nil {
		return err
	}
	if *report > 0 {
		go serving.Report(ctx, stack, *report, *collect)
	}
	serving.Announce(stack, l.Addr().String())
	return profile.During(func() error {
		return serving.Run(ctx, stack, *grace, func() error { return form(stack, l) })
	})
}
