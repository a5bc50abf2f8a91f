// Package forms measures what coroutines and handlers cost per message.
package forms

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/edgewise-go/edgewise/bench/internal/cli"
	"github.com/edgewise-go/edgewise/bench/internal/process"
	"github.com/edgewise-go/edgewise/bench/internal/program"
	"github.com/edgewise-go/edgewise/bench/internal/report"
	"github.com/edgewise-go/edgewise/bench/internal/stats"
	"github.com/edgewise-go/edgewise/bench/internal/strategy"
)

const long = `Runs the echo server as coroutines and as handlers, in turns, under the same load. It prints the processor time of the
server per message, user and system, and its allocations per message during the load, including those of its reports.`

type config struct {
	program.Load
	sweep strategy.Sweep
	echo  string
}

// Command returns the command.
func Command() *cobra.Command {
	c := &config{sweep: strategy.Sweep{Queues: []string{"auto"}, Modes: []string{"edge"}, Tasks: strategy.Forms()}}
	cmd := cli.Measure("forms", "Measure processor time and allocations per message of coroutines and handlers", long, c.measure)
	c.Load.Register(cmd)
	c.sweep.Register(cmd.Flags())
	program.EchoFlag(cmd.Flags(), &c.echo)
	return cmd
}

// row holds the measurements of one combination of strategies.
type row struct {
	choice      strategy.Choice
	cpus        []float64 // nanoseconds per message
	allocations []float64 // per message
	rates       []float64 // messages per second
}

func (c *config) measure(ctx context.Context, out io.Writer) error {
	if c.Duration < turnMin {
		return cli.Usagef("--duration %v: want at least %v", c.Duration, turnMin)
	}
	all, err := c.sweep.All(out)
	if err != nil {
		return err
	}
	echo, remove, err := program.BuildEcho(ctx, c.echo)
	if err != nil {
		return err
	}
	defer remove()
	rows := make([]row, len(all))
	for i, choice := range all {
		rows[i].choice = choice
	}
	progress := report.NewProgress(c.Rounds * len(rows))
	defer progress.End()
	for round := range c.Rounds {
		for i := range rows {
			r := &rows[(i+round)%len(rows)] // no combination always follows the same one
			progress.Begin("%v", r.choice)
			if err := c.turn(ctx, echo, r); err != nil {
				return fmt.Errorf("%v: %w", r.choice, err)
			}
			progress.Done()
		}
	}
	progress.End()
	fmt.Fprintf(out, "forms: %v\n", &c.Load)
	t := report.NewTable(out)
	fmt.Fprintf(t, "mechanism\tmode\ttask\tmessages/s\tCPU ns/message\tallocations/message\t\n")
	for _, r := range rows {
		fmt.Fprintf(t, "%s\t%s\t%s\t%.0f\t%.0f\t%.4f\t\n", r.choice.Queue, r.choice.Mode, r.choice.Task,
			stats.Median(r.rates), stats.Median(r.cpus), stats.Median(r.allocations))
	}
	return t.Flush()
}

// reportEvery is the time between two reports of the server. A turn must contain several.
const (
	reportEvery = 50 * time.Millisecond
	turnMin     = 6 * reportEvery
)

// errShort is the error of a turn in which a busy machine had no time for a report.
var errShort = errors.New("the server has not reported during the turn: want a longer --duration")

// turn starts the server, loads it and records its costs per message.
func (c *config) turn(ctx context.Context, echo string, r *row) error {
	f := r.choice
	server, err := process.Start(ctx, process.ServerCPU, []string{echo, "serve", "-addr", "127.0.0.1:0", "-queue", f.Queue, "-mode", f.Mode, "-task", f.Task,
		"-report", reportEvery.String()})
	if err != nil {
		return err
	}
	defer server.Stop()
	// Before the load, the server has only itself to report.
	if _, err := server.NextReport(ctx, 0); err != nil {
		return err
	}
	cpu, allocations, at := map[string]time.Duration{}, map[string]int{}, map[string]time.Time{}
	result, err := c.Load.Run(ctx, echo, server.Addr, func(phase string) error {
		used, err := server.CPU()
		if err != nil {
			return err
		}
		line, err := server.LastReport()
		if phase == program.Begun {
			// The last report covers a time when connections were still being made. At the end of
			// the turn, connections are closed.
			during, cancel := context.WithTimeoutCause(ctx, c.Duration, errShort)
			defer cancel()
			line, err = server.NextReport(during, c.Conns)
		}
		cpu[phase], allocations[phase], at[phase] = used, line.Allocations, time.Now()
		return err
	})
	if err != nil {
		return err
	}
	r.rates = append(r.rates, result.Rate)
	r.cpus = append(r.cpus, float64(cpu[program.Over]-cpu[program.Begun])/result.Messages)
	r.allocations = append(r.allocations, float64(allocations[program.Over]-allocations[program.Begun])/(result.Rate*at[program.Over].Sub(at[program.Begun]).Seconds()))
	return nil
}
