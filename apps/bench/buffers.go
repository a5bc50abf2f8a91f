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

Every strategy of bufstrategy, and the buffers of package bufio and bytes and of bytebufferpool, ringbuffer and netpoll, do the same work in turns: bytes
arrive from a source in memory, in a random but repeatable manner, and messages are wanted in one piece. It prints, for each workload, what was copied, how
often the source was read, allocations, memory for a connection, and time, of which the median of the rounds counts; then the fastest strategy beside the
fastest of others; then what bench burst prints; then whether what the strategies promise was so. It ends with exit code 1 if it was not.

Every byte is compared with what was sent in a pass that is not timed, and two bytes of every message in those that are.`

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
	fs.IntVar(&c.Rounds, "rounds", 5, "how often each buffer has its turn; the median counts")
	fs.DurationVar(&c.Turn, "d", 200*time.Millisecond, "length of a turn")
	fs.Uint64Var(&c.Count, "count", 64<<20, "bytes of the pass that counts what is copied, read and held")
	fs.Uint64Var(&c.Seed, "seed", 0, "of the bytes and arrivals; 0 takes one by chance, and prints it")
	fs.IntVar(&c.Conns, "c", 100_000, "connections of a workload, at most; it is idle that has so many")
	fs.StringVar(&c.workloads, "workload", strings.Join(buffers.Workloads(), ","), "what to do, with commas between")
	fs.StringVar(&c.subjects, "buffer", strings.Join(names, ","), "what to measure, with commas between")
	fs.StringVar(&c.json, "json", "", "file to write the figures to, as JSON")
	fs.StringVar(&c.plots, "plots", "", "directory to write plots to, as SVG")
	c.burst.register(fs)
	fs.BoolVar(&c.markdown, "markdown", false, "print the tables of the README, too")
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

// buffersSystem says what the figures were measured on.
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

// write writes the files that were asked for.
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
