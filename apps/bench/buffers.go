package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/edgewise-go/edgewise/apps/bench/buffers"
	"github.com/edgewise-go/edgewise/apps/internal/cli"
)

const buffersUsage = `usage: bench buffers [flags]

Measures every strategy of bufstrategy, and the buffers of package bufio, bytes, bytebufferpool, ringbuffer and
netpoll, on the same work in turns. Bytes arrive from a source in memory, in a random but repeatable manner, and the
consumer wants each message in one piece. For each workload it prints what was copied, how often the source was read,
allocations, memory per connection, and the median time of the rounds. It then compares the fastest strategy with the
fastest other buffer, prints the output of bench burst, and checks the promises of the strategies. The exit code is 1
if a promise was broken.

A pass that is not timed compares every byte with what was sent. The timed passes compare two bytes of every message.`

type buffersConfig struct {
	buffers.Options
	burst               burstConfig
	workloads, subjects string
	json, plots         string
	markdown            bool
}

func measureBuffers(ctx context.Context, args []string) error {
	c := buffersConfig{burst: burstConfig{size: burstBytes}}
	var names []string
	for _, s := range buffers.Subjects() {
		names = append(names, s.Name)
	}
	fs := flag.NewFlagSet("bench buffers", flag.ContinueOnError)
	fs.IntVar(&c.Rounds, "rounds", 5, "turns per buffer; the median counts")
	fs.DurationVar(&c.Turn, "d", 200*time.Millisecond, "length of a turn")
	fs.Uint64Var(&c.Count, "count", 64<<20, "bytes of the pass that counts what is copied, read and held")
	fs.Uint64Var(&c.Seed, "seed", 0, "seed of the bytes and arrivals; 0 takes a random one and prints it")
	fs.IntVar(&c.Conns, "c", 100_000, "maximum connections of a workload; only idle has so many")
	fs.StringVar(&c.workloads, "workload", strings.Join(buffers.Workloads(), ","), "workloads, comma-separated")
	fs.StringVar(&c.subjects, "buffer", strings.Join(names, ","), "buffers to measure, comma-separated")
	fs.StringVar(&c.json, "json", "", "file to write the figures to, as JSON")
	fs.StringVar(&c.plots, "plots", "", "directory to write plots to, as SVG")
	c.burst.register(fs)
	fs.BoolVar(&c.markdown, "markdown", false, "also print the tables of the README")
	if err := parseWords(fs, args, buffersUsage); err != nil {
		return err
	}
	if err := c.check(); err != nil {
		return err
	}
	c.Progress = noteOver
	return c.run(ctx, os.Stdout)
}

func (c *buffersConfig) check() error {
	if c.Rounds < 1 || c.Turn <= 0 || c.Conns < 1 || c.Count < 1 {
		return cli.Usagef("every number must be more than 0")
	}
	if err := c.burst.check(); err != nil {
		return err
	}
	if c.Seed == 0 {
		c.Seed = rand.Uint64()
	}
	c.burst.seed = c.Seed
	all := buffers.Subjects()
	for name := range strings.SplitSeq(c.subjects, ",") {
		i := slices.IndexFunc(all, func(s buffers.Subject) bool { return s.Name == name })
		if i < 0 {
			return cli.Usagef("-buffer %s: unknown (see bench buffers -h)", name)
		}
		c.Subjects = append(c.Subjects, all[i])
	}
	for name := range strings.SplitSeq(c.workloads, ",") {
		if !slices.Contains(buffers.Workloads(), name) {
			return cli.Usagef("-workload %s: want some of %s", name, strings.Join(buffers.Workloads(), ","))
		}
		c.Workloads = append(c.Workloads, name)
	}
	return nil
}

// buffersSystem describes the system on which the figures were measured.
func buffersSystem() string {
	return fmt.Sprintf("%s, %s/%s, %d processors", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
}

func (c *buffersConfig) run(ctx context.Context, out io.Writer) error {
	fmt.Fprintf(out, "%s; %d rounds of %v, seed %d\n\n", buffersSystem(), c.Rounds, c.Turn, c.Seed)
	rows, err := buffers.Run(ctx, c.Options)
	if err != nil {
		return fmt.Errorf("seed %d: %w", c.Seed, err)
	}
	noteOver("")
	if err := buffers.Report(out, rows); err != nil {
		return err
	}
	buffers.Notes(out, c.Subjects)
	if err := buffers.ReportComparisons(out, buffers.Compare(rows)); err != nil {
		return err
	}
	if c.markdown {
		buffers.Markdown(out, rows)
	}
	checks, err := buffers.Checks(rows)
	if err != nil {
		return err
	}
	var ours []string
	for _, s := range c.Subjects {
		if !s.Peer {
			ours = append(ours, s.Name)
		}
	}
	more, bursts, err := c.burst.run(ctx, out, ours)
	if err != nil {
		return fmt.Errorf("seed %d: %w", c.Seed, err)
	}
	checks = append(checks, more...)
	good := buffers.ReportChecks(out, checks)
	if err := c.write(buffers.Figures{System: buffersSystem(), Seed: c.Seed, Rows: rows, Bursts: bursts, Checks: checks}); err != nil {
		return err
	}
	if !good {
		return errors.New("a promise was not kept")
	}
	return nil
}

// write writes the requested files.
func (c *buffersConfig) write(all buffers.Figures) error {
	if c.plots != "" {
		if err := buffers.Plot(c.plots, all.Rows); err != nil {
			return err
		}
	}
	if c.json == "" {
		return nil
	}
	f, err := os.Create(c.json)
	if err != nil {
		return err
	}
	return errors.Join(all.WriteJSON(f), f.Close())
}
