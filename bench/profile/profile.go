// Package profile makes the profiles with which the go command optimizes the servers.
package profile

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/edgewise-go/edgewise/bench/internal/cli"
	"github.com/edgewise-go/edgewise/bench/internal/process"
	"github.com/edgewise-go/edgewise/bench/internal/program"
	"github.com/edgewise-go/edgewise/bench/internal/report"
	"github.com/edgewise-go/edgewise/bench/internal/strategy"
	"github.com/edgewise-go/edgewise/queue/auto"
)

const long = `Profiles the processor time of the echo program under load, in every form of tasks, on epoll and on io_uring, with few and
with many connections. It merges the profiles into one. The go command reads a file default.pgo beside the main package of a
program, and inlines what the profile shows to be hot (https://go.dev/doc/pgo).

Profile a program of your own in the same way: write a profile with runtime/pprof under a typical load, and save it as
default.pgo.`

type config struct {
	duration time.Duration
	write    string
}

// Command returns the command.
func Command() *cobra.Command {
	c := &config{}
	cmd := cli.Measure("profile", "Make the profile with which the go command optimizes the echo program", long, c.run)
	f := cmd.Flags()
	f.DurationVarP(&c.duration, "duration", "d", 5*time.Second, "length of each load")
	f.StringVar(&c.write, "write", "", "file to write, such as apps/echo/default.pgo")
	cli.Positive(cmd, "duration")
	cobra.CheckErr(cmd.MarkFlagRequired("write"))
	return cmd
}

// run is a server under one load.
type run struct{ task, queue, io string }

func (c *config) run(ctx context.Context, out io.Writer) error {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	echo := filepath.Join(dir, "echo")
	// An earlier profile would hide calls, which its inlining has removed.
	if err := program.Build(ctx, echo, "go", "build", "-pgo=off", "-o", echo, program.Echo); err != nil {
		return err
	}
	var runs []run
	for _, way := range []run{{queue: "epoll", io: "readiness"}, {queue: "iouring", io: "completion"}} {
		q, err := auto.ByName(way.queue)
		if err != nil {
			fmt.Fprintf(out, "omitted: %s: %v\n", way.queue, err)
			continue
		}
		if err := q.Close(); err != nil {
			return err
		}
		for _, task := range []string{strategy.Handler, strategy.Coroutine} {
			runs = append(runs, run{task, way.queue, way.io})
		}
	}
	loads := []program.Load{{Conns: 64, Size: 128, Depth: 1}, {Conns: 1000, Size: 128, Depth: 1}, {Conns: 64, Size: 128, Depth: 16}}
	progress := report.NewProgress(len(runs) * len(loads))
	defer progress.End()
	var profiles []string
	for _, r := range runs {
		for _, load := range loads {
			progress.Begin("%ss, %s/%s, %d connections, %d in flight on each", r.task, r.queue, r.io, load.Conns, load.Depth)
			load.Duration = c.duration
			path := filepath.Join(dir, strconv.Itoa(len(profiles))+".pprof")
			if err := r.profile(ctx, echo, path, load); err != nil {
				return fmt.Errorf("profile: %s, %s/%s: %w", r.task, r.queue, r.io, err)
			}
			profiles = append(profiles, path)
			progress.Done()
		}
	}
	progress.End()
	merged := filepath.Join(dir, "merged.pgo")
	if err := program.Build(ctx, merged, "go", append([]string{"tool", "pprof", "-proto", "-output", merged}, profiles...)...); err != nil {
		return err
	}
	content, err := os.ReadFile(merged)
	if err != nil {
		return err
	}
	if err := os.WriteFile(c.write, content, 0o666); err != nil {
		return err
	}
	fmt.Fprintf(out, "wrote %s: %d profiles of %v each, %d bytes\n", c.write, len(profiles), c.duration, len(content))
	return nil
}

// profile profiles one server under one load.
func (r run) profile(ctx context.Context, echo, path string, load program.Load) error {
	server, err := process.Start(ctx, process.ServerCPU, []string{echo, "serve", "-addr", "127.0.0.1:0",
		"-task", r.task, "-queue", r.queue, "-io", r.io, "-cpuprofile", path})
	if err != nil {
		return err
	}
	defer server.Stop()
	_, err = load.Run(ctx, echo, server.Addr, func(string) error { return nil })
	return err
}
