// Package echo compares echo servers: that of this workspace in both forms, one in C, one of
// package net, and those of other packages with event loops.
package echo

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/edgewise-go/edgewise/bench/internal/cli"
	"github.com/edgewise-go/edgewise/bench/internal/contender"
	"github.com/edgewise-go/edgewise/bench/internal/process"
	"github.com/edgewise-go/edgewise/bench/internal/program"
	"github.com/edgewise-go/edgewise/bench/internal/report"
	"github.com/edgewise-go/edgewise/bench/internal/stats"
	"github.com/edgewise-go/edgewise/bench/internal/strategy"
)

const long = `Measures the rate of echo servers and their processor time per message, user and system. Each server takes one turn
per round, on one processor and with one loop, with the load on another processor. In both ratios, higher is better.

The servers are the coroutines and the handlers of this workspace, and these peers (--peers):
  c        a loop on epoll, written by hand in C; omitted without a C compiler
  cring    the same on io_uring, with operations that complete; omitted without liburing
  net      package net, with a goroutine per connection
  gnet     github.com/panjf2000/gnet/v2
  netpoll  github.com/cloudwego/netpoll
  nbio     github.com/lesismal/nbio
  goepoll  a loop on epoll in Go, on raw system calls
  uv, mio, tokio  libuv in C, and these crates in Rust; omitted without a compiler and the libraries
The ratios refer to the first of the servers. A peer that cannot be built is printed with the reason.`

type config struct {
	program.Load
	echo  string
	peers []string
	ways  []string
}

// Command returns the command.
func Command() *cobra.Command {
	c := &config{}
	cmd := cli.Measure("echo", "Compare echo servers: messages per second and processor time per message", long, c.measure)
	c.Load.Register(cmd)
	cmd.Flags().StringSliceVar(&c.peers, "peers", usual(), "servers to compare with, comma-separated; if empty, none")
	cmd.Flags().StringSliceVar(&c.ways, "ways", []string{"epoll/readiness", "iouring/completion"}, "event queue and -io of this workspace's server, comma-separated, as epoll/readiness")
	program.EchoFlag(cmd.Flags(), &c.echo)
	return cmd
}

// usual returns the peers without those that take a build of libraries.
func usual() []string { return []string{"c", "cring", "net", "gnet", "netpoll", "nbio"} }

// measured is a server in the comparison.
type measured struct {
	*contender.Contender
	rates []float64 // messages per second, one value per round
	cpus  []float64 // nanoseconds of processor time per message
}

// measure runs every contender in turn, so that other activity on the machine affects all alike.
func (c *config) measure(ctx context.Context, out io.Writer) error {
	if len(c.peers) > 0 {
		if err := cli.SomeOf("peers", c.peers, contender.Words()); err != nil {
			return err
		}
	}
	echo, remove, err := program.BuildEcho(ctx, c.echo)
	if err != nil {
		return err
	}
	defer remove()
	fmt.Fprintf(out, "%s\n", report.System())
	all, clean, err := c.contenders(ctx, out, echo)
	if err != nil {
		return err
	}
	defer clean()
	progress := report.NewProgress(c.Rounds * len(all))
	defer progress.End()
	for round := range c.Rounds {
		for i := range all {
			s := all[(i+round)%len(all)] // no contender always follows the same one
			progress.Begin("%s", s.Name)
			if err := c.turn(ctx, echo, s); err != nil {
				return fmt.Errorf("%s: %w", s.Name, err)
			}
			progress.Done()
		}
	}
	progress.End()
	fmt.Fprintf(out, "echo: %v\n", &c.Load)
	return table(out, all)
}

// table prints medians and their ratios to the first contender. In both ratios more is better: that
// of the processor time is inverted.
func table(out io.Writer, all []*measured) error {
	rate, cpu := stats.Median(all[0].rates), stats.Median(all[0].cpus)
	t := report.NewTable(out)
	fmt.Fprintf(t, "server\tmessages/s\tCPU ns/message\tquartiles\trate ratio\tCPU ratio\t\n")
	for _, s := range all {
		fmt.Fprintf(t, "%s\t%.0f\t%.0f\t%.0f to %.0f\t%.2f\t%.2f\t\n", s.Name, stats.Median(s.rates), stats.Median(s.cpus),
			stats.Quantile(0.25, s.cpus), stats.Quantile(0.75, s.cpus), stats.Median(s.rates)/rate, cpu/stats.Median(s.cpus))
	}
	fmt.Fprintf(t, "\t\t\t\t(to %s)\t\t\n", all[0].Name)
	return t.Flush()
}

// turn starts the server, loads it, and records its rate and processor time.
func (c *config) turn(ctx context.Context, echo string, s *measured) error {
	server, err := process.Start(ctx, process.ServerCPU, s.Command(contender.Echo))
	if err != nil {
		return err
	}
	defer server.Stop()
	// The cost of making and closing a connection is not part of the cost of a message.
	at := map[string]time.Duration{}
	result, err := c.Load.Run(ctx, echo, server.Addr, func(phase string) error {
		cpu, err := server.CPU()
		at[phase] = cpu
		return err
	})
	if err != nil {
		return err
	}
	s.rates = append(s.rates, result.Rate)
	s.cpus = append(s.cpus, float64(at[program.Over]-at[program.Begun])/result.Messages)
	return nil
}

// contenders builds the servers. It prints the peers that cannot be built. The second result
// removes what was built.
func (c *config) contenders(ctx context.Context, out io.Writer, echo string) (all []*measured, remove func(), err error) {
	dir, remove, err := contender.TemporaryDir()
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			remove()
		}
	}()
	servers, _, err := contender.Build(ctx, out, dir, c.peers)
	if err != nil {
		return nil, nil, err
	}
	for _, way := range c.ways {
		queue, io, ok := strings.Cut(way, "/")
		if !ok {
			return nil, nil, cli.Usagef("--ways %s: want an event queue and -io, as epoll/readiness", way)
		}
		for _, form := range []string{strategy.Handler, strategy.Coroutine} {
			servers = append(servers, contender.Ours(form+"/"+way, echo, form, queue, io))
		}
	}
	for _, s := range servers {
		all = append(all, &measured{Contender: s})
	}
	return all, remove, nil
}
