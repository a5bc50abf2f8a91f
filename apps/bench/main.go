// Command bench compares the echo server of this workspace with others, side by side. Each server
// gets the same load, in turns, with one processor for the server and another for the load. It
// prints medians and ratios. An absolute figure means little on a machine that is also used
// otherwise.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/edgewise-go/edgewise/apps/internal/cli"
)

const usage = `usage: bench [flags] [echo] [idle] [queue]
       bench interrupt|defer|fair|slow|idle|forms|buffers|burst [flags]

echo: the rate of an echo server and its processor time per message, compared with a server in C on epoll (skipped
      without a C compiler) and one of package net with a goroutine per connection.
idle: the memory of servers for idle connections, and of handlers on a queue in memory.
queue: waits, system calls (counted by strace, if present) and processor time per message, on every mechanism of the
       event queue that works here, in every mode; and how often an unread source is reported.
Without a word, bench runs the first two. The others have flags of their own, which -h after the word lists:
interrupt: transfers disturbed by signals, small buffers, a bad proxy and failing system calls; each must be complete
           or fail with a permitted error.
defer: how often a source with deferred work is reported, and how long it waits for its turn.
fair: the latency of small messages next to a peer at full speed, on their loop and elsewhere.
slow: the memory of a server most of whose peers never read.
forms: processor time and allocations per message, of coroutines and handlers.
buffers: what buffer strategies copy, hold and take, compared with the buffers of other packages.
burst: the memory left after a burst on many connections.
bench runs on Linux (buffers and burst everywhere), from the root of the workspace.`

type config struct {
	rounds   int
	duration time.Duration
	conns    int
	size     int
	depth    int
	idle     int
	messages int
	dir      string // for built programs
}

func main() {
	if len(os.Args) > 1 {
		if f := benchmarks()[os.Args[1]]; f != nil {
			cli.Main("bench", func(ctx context.Context, args []string) error { return f(ctx, args[1:]) })
		}
		switch os.Args[1] {
		case "pinned":
			cli.Main("bench", func(_ context.Context, args []string) error { return pinned(args[1:]) })
		case "queueserver":
			os.Exit(cli.Report("bench", os.Stderr, queueServer(os.Args[2:])))
		case "queueload":
			os.Exit(cli.Report("bench", os.Stderr, queueLoad(os.Args[2:])))
		case "idleload":
			os.Exit(cli.Report("bench", os.Stderr, idleLoad(os.Args[2:])))
		case "burstload":
			os.Exit(cli.Report("bench", os.Stderr, burstLoad(os.Args[2:])))
		case "tlsserver":
			cli.Main("bench", func(ctx context.Context, args []string) error { return tlsServer(ctx, args[1:]) })
		case "fairflood":
			os.Exit(cli.Report("bench", os.Stderr, fairFlood(os.Args[2:])))
		case "fairload":
			os.Exit(cli.Report("bench", os.Stderr, fairLoad(os.Args[2:])))
		case "interrupted":
			os.Exit(cli.Report("bench", os.Stderr, interrupted(os.Args[2:])))
		case "netserver":
			// Without cli.Main, whose signal handling would keep a server alive that does not look
			// at its context.
			os.Exit(cli.Report("bench", os.Stderr, netServer(os.Args[2:])))
		}
	}
	cli.Main("bench", run)
}

// benchmarks are those with their own flags, which follow the name.
func benchmarks() map[string]func(context.Context, []string) error {
	return map[string]func(context.Context, []string) error{
		"interrupt": interruptAll, "defer": deferring, "fair": fairness, "slow": slowness, "idle": idling, "forms": forms,
		"buffers": measureBuffers, "burst": bursts,
	}
}

func run(ctx context.Context, args []string) error {
	var c config
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	fs.IntVar(&c.rounds, "rounds", 7, "turns per server; the median counts")
	fs.DurationVar(&c.duration, "d", 2*time.Second, "length of a turn")
	fs.IntVar(&c.conns, "c", 1000, "connections")
	fs.IntVar(&c.size, "s", 128, "bytes of a message")
	fs.IntVar(&c.depth, "p", 1, "messages in flight on each connection")
	fs.IntVar(&c.idle, "idle", 10_000, "connections of the idle benchmark")
	fs.IntVar(&c.messages, "n", 100_000, "messages of a turn of the queue benchmark")
	if err := cli.Parse(fs, args, usage); err != nil {
		return err
	}
	what := fs.Args()
	if len(what) == 0 {
		what = []string{"echo", "idle"}
	}
	if c.rounds < 1 || c.conns < 1 || c.size < 1 || c.depth < 1 || c.idle < 1 || c.messages < 4 || c.duration <= 0 {
		return cli.Usagef("every number must be more than 0")
	}
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	c.dir = dir
	if err := build(ctx, filepath.Join(dir, "echo"), "go", "build", "-o", filepath.Join(dir, "echo"), "github.com/edgewise-go/edgewise/apps/echo"); err != nil {
		return err
	}
	fmt.Printf("%s, %s/%s, %d processors, kernel %s\n\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), kernel())
	for _, w := range what {
		switch w {
		case "echo":
			err = c.echo(ctx, os.Stdout)
		case "idle":
			idle := idleConfig{conns: c.idle, tls: max(1, c.idle/2), registrations: 1_000_000, servers: idleServers, sweep: idleSweep()}
			err = idle.run(ctx, os.Stdout, filepath.Join(dir, "echo"))
		case "queue":
			err = c.queues(ctx, os.Stdout)
		default:
			err = cli.Usagef("%q: want echo, idle or queue after the flags, or another word before them (see bench -h)", w)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func build(ctx context.Context, out string, command string, args ...string) error {
	text, err := exec.CommandContext(ctx, command, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("building %s: %w\n%s", filepath.Base(out), err, text)
	}
	return nil
}

func kernel() string {
	text, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(text))
}

// note writes a progress message to standard error, where no program parses it.
func note(format string, args ...any) { fmt.Fprintf(io.Writer(os.Stderr), format, args...) }
