package buffers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/edgewise-go/edgewise/bench/burst"
	"github.com/edgewise-go/edgewise/bench/internal/cli"
	"github.com/edgewise-go/edgewise/bench/internal/report"
)

const long = `Measures every strategy of bufstrategy, and the buffers of package bufio, bytes, bytebufferpool, ringbuffer and
netpoll, on the same work in turns. Bytes arrive from a source in memory, in a random but repeatable manner, and the
consumer wants each message in one piece. For each workload it prints what was copied, how often the source was read,
allocations, memory per connection, and the median time of the rounds. It then compares the fastest strategy with the
fastest other buffer, prints the output of bench burst, and checks the promises of the strategies. The exit code is 1
if a promise was broken.

A pass that is not timed compares every byte with what was sent. The timed passes compare two bytes of every message.`

type config struct {
	Options
	burst       burst.Options
	subjects    []string
	json, plots string
	markdown    bool
}

// Command returns the command.
func Command() *cobra.Command {
	c := &config{burst: burst.Options{Size: burst.DefaultSize}}
	cmd := cli.Measure("buffers", "Compare buffer strategies with other packages' buffers: copies, memory, time", long, c.measure)
	f := cmd.Flags()
	f.IntVar(&c.Rounds, "rounds", 5, "turns per buffer; the median counts")
	f.DurationVarP(&c.Turn, "duration", "d", 200*time.Millisecond, "length of a turn")
	f.Uint64Var(&c.Count, "count", 64<<20, "bytes of the pass that counts what is copied, read and held")
	f.Uint64Var(&c.Seed, "seed", 0, "seed of the bytes and arrivals; 0 takes a random one and prints it")
	f.IntVarP(&c.Conns, "connections", "c", 100_000, "maximum connections of a workload; only idle has so many")
	f.StringSliceVar(&c.Workloads, "workload", Workloads(), "workloads, comma-separated")
	f.StringSliceVar(&c.subjects, "buffer", subjectNames(), "buffers to measure, comma-separated")
	f.StringVar(&c.json, "json", "", "file to write the figures to, as JSON")
	f.StringVar(&c.plots, "plots", "", "directory to write plots to, as SVG")
	c.burst.Register(f)
	f.BoolVar(&c.markdown, "markdown", false, "also print the tables of the README")
	cli.Positive(cmd, "rounds", "duration", "connections")
	return cmd
}

func subjectNames() []string {
	var names []string
	for _, s := range Subjects() {
		names = append(names, s.Name)
	}
	return names
}

func (c *config) check() error {
	if c.Count == 0 {
		return cli.Usagef("--count 0: want more than 0")
	}
	if err := c.burst.Check(); err != nil {
		return err
	}
	if err := cli.SomeOf("workload", c.Workloads, Workloads()); err != nil {
		return err
	}
	return cli.SomeOf("buffer", c.subjects, subjectNames())
}

func (c *config) measure(ctx context.Context, out io.Writer) error {
	if err := c.check(); err != nil {
		return err
	}
	if c.Seed == 0 {
		c.Seed = rand.Uint64()
	}
	c.burst.Seed = c.Seed
	c.Subjects = slices.DeleteFunc(Subjects(), func(s Subject) bool { return !slices.Contains(c.subjects, s.Name) })
	progress := report.NewProgress(-1)
	defer progress.End()
	c.Progress = progress.Begin
	fmt.Fprintf(out, "%s; %d rounds of %v, seed %d\n\n", report.System(), c.Rounds, c.Turn, c.Seed)
	rows, err := Run(ctx, c.Options)
	if err != nil {
		return fmt.Errorf("seed %d: %w", c.Seed, err)
	}
	progress.End()
	if err := Report(out, rows); err != nil {
		return err
	}
	Notes(out, c.Subjects)
	if err := ReportComparisons(out, Compare(rows)); err != nil {
		return err
	}
	if c.markdown {
		Markdown(out, rows)
	}
	checks, err := Checks(rows)
	if err != nil {
		return err
	}
	var ours []string
	for _, s := range c.Subjects {
		if !s.Peer {
			ours = append(ours, s.Name)
		}
	}
	more, bursts, err := c.burst.Run(ctx, out, ours)
	if err != nil {
		return fmt.Errorf("seed %d: %w", c.Seed, err)
	}
	checks = append(checks, more...)
	good := report.PrintChecks(out, checks)
	if err := c.write(Figures{System: report.System(), Seed: c.Seed, Rows: rows, Bursts: bursts, Checks: checks}); err != nil {
		return err
	}
	if !good {
		return errors.New("a promise was not kept")
	}
	return nil
}

// write writes the requested files.
func (c *config) write(all Figures) error {
	if c.plots != "" {
		if err := Plot(c.plots, all.Rows); err != nil {
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
