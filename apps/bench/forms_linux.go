package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"github.com/edgewise-go/edgewise/apps/internal/cli"
	"github.com/edgewise-go/edgewise/apps/internal/strategy"
)

const formsUsage = `usage: bench forms [flags]

Runs the echo server as coroutines and as handlers, in turns, under the same load. It prints the processor time of the
server per message, user and system, and its allocations per message during the load, including those of its reports.`

type formsConfig struct {
	rounds   int
	duration time.Duration
	conns    int
	size     int
	depth    int
}

// formRow holds the measurements of one combination of strategies.
type formRow struct {
	flags       strategy.Flags
	cpus        []float64 // nanoseconds per message
	allocations []float64 // per message
	rates       []float64 // messages per second
}

func forms(ctx context.Context, args []string) error {
	c := formsConfig{}
	s := sweep{queues: "auto", modes: "edge", tasks: allTasks}
	fs := flag.NewFlagSet("bench forms", flag.ContinueOnError)
	fs.IntVar(&c.rounds, "rounds", 7, "turns of each combination; the median counts")
	fs.DurationVar(&c.duration, "d", 2*time.Second, "length of a turn")
	fs.IntVar(&c.conns, "c", 1000, "connections")
	fs.IntVar(&c.size, "s", 128, "bytes of a message")
	fs.IntVar(&c.depth, "p", 1, "messages in flight on each connection")
	s.register(fs)
	given := registerEcho(fs)
	if err := parseWords(fs, args, formsUsage); err != nil {
		return err
	}
	if c.rounds < 1 || c.conns < 1 || c.size < 1 || c.depth < 1 || c.duration < minFormTurn {
		return cli.Usagef("every number must be more than 0, and -d at least %v", minFormTurn)
	}
	all, err := s.all(os.Stdout)
	if err != nil {
		return err
	}
	echo, remove, err := buildEcho(ctx, *given)
	if err != nil {
		return err
	}
	defer remove()
	rows := make([]formRow, len(all))
	for i, f := range all {
		rows[i].flags = f
	}
	for round := range c.rounds {
		for i := range rows {
			r := &rows[(i+round)%len(rows)] // no combination always follows the same one
			note("\rround %d of %d: %-8s %-8s %-10s", round+1, c.rounds, r.flags.Queue, r.flags.Mode, r.flags.Task)
			if err := c.turn(ctx, echo, r); err != nil {
				return fmt.Errorf("%s, mode %s, %s: %w", r.flags.Queue, r.flags.Mode, r.flags.Task, err)
			}
		}
	}
	note("\r%-50s\r", "")
	fmt.Printf("forms: %d connections, %d B, %d in flight on each, one loop, medians of %d turns of %v\n", c.conns, c.size, c.depth, c.rounds, c.duration)
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "mechanism\tmode\ttask\tmessages/s\tCPU ns/message\tallocations/message\t\n")
	for _, r := range rows {
		fmt.Fprintf(t, "%s\t%s\t%s\t%.0f\t%.0f\t%.4f\t\n", r.flags.Queue, r.flags.Mode, r.flags.Task, median(r.rates), median(r.cpus), median(r.allocations))
	}
	return t.Flush()
}

// formReport is the time between two reports of the server. A turn must contain several.
const (
	formReport  = 50 * time.Millisecond
	minFormTurn = 6 * formReport
)

// turn starts the server, loads it and records its costs per message.
func (c formsConfig) turn(ctx context.Context, echo string, r *formRow) error {
	f := r.flags
	server, err := start(ctx, serverCPU, []string{echo, "serve", "-addr", "127.0.0.1:0", "-queue", f.Queue, "-mode", f.Mode, "-task", f.Task,
		"-report", formReport.String()})
	if err != nil {
		return err
	}
	defer server.stop()
	// Before the load, the server has only itself to report.
	if _, err := server.report(ctx, 0); err != nil {
		return err
	}
	cpu, allocations, at := map[string]time.Duration{}, map[string]int{}, map[string]time.Time{}
	result, err := load{c.conns, c.size, c.depth, c.duration}.run(ctx, echo, server.addr, func(phase string) error {
		used, err := server.cpu()
		if err != nil {
			return err
		}
		line, err := server.lastReport()
		if phase == "begun" {
			// The last report covers a time when connections were still being made.
			line, err = server.report(ctx, c.conns)
		}
		cpu[phase], allocations[phase], at[phase] = used, line.allocations, time.Now()
		return err
	})
	if err != nil {
		return err
	}
	r.rates = append(r.rates, result.Rate)
	r.cpus = append(r.cpus, float64(cpu["over"]-cpu["begun"])/result.Messages)
	r.allocations = append(r.allocations, float64(allocations["over"]-allocations["begun"])/(result.Rate*at["over"].Sub(at["begun"]).Seconds()))
	return nil
}
