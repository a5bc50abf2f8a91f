package interrupt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/edgewise-go/edgewise/bench/internal/cli"
	"github.com/edgewise-go/edgewise/bench/internal/report"
	"github.com/edgewise-go/edgewise/bench/internal/strategy"
	"github.com/edgewise-go/edgewise/queue/auto"
)

const long = `Makes transfers over loopback under interference, on every mechanism of the event queue that works here, in every mode,
with coroutines and with handlers. Clients and server have a loop each. Each transfer must be complete, by its hash, or
fail with one permitted error. No task, descriptor or goroutine may be left. The kinds:
  storm   a signal to every thread, a thousand times per second
  tiny    the smallest socket buffers that the kernel offers; transfers are an eighth as long
  proxy   a proxy that splits, delays and resets
  inject  strace makes system calls fail (skipped without strace)
It prints a table of outcomes. The exit code is 1 if there was any violation.`

type config struct {
	transfers, flight, bytes int
	kinds, errnos            []string
	sweep                    strategy.Sweep
	seed                     uint64
}

// Command returns the command.
func Command() *cobra.Command {
	c := &config{sweep: strategy.Sweep{Modes: strategy.ModeNames(), Tasks: strategy.Forms()}}
	cmd := cli.Measure("interrupt", "Check that transfers survive signals, small buffers, a bad proxy and failing system calls", long, c.measure)
	f := cmd.Flags()
	f.IntVar(&c.transfers, "transfers", 10_000, "transfers of each kind, spread over mechanisms, modes and forms")
	f.IntVar(&c.flight, "flight", 64, "transfers at the same time")
	f.IntVar(&c.bytes, "bytes", 100_000, "maximum bytes of a transfer, each way")
	f.StringSliceVar(&c.kinds, "kinds", kindNames(), "kinds of interference, comma-separated")
	f.StringSliceVar(&c.errnos, "errno", Errnos(), "errors to inject, comma-separated")
	f.Uint64Var(&c.seed, "seed", 0, "seed; 0 takes a random one and prints it")
	c.sweep.Register(f)
	cli.Positive(cmd, "transfers", "flight", "bytes")
	return cmd
}

func kindNames() []string {
	var names []string
	for _, k := range Kinds() {
		names = append(names, string(k))
	}
	return names
}

func (c *config) measure(ctx context.Context, out io.Writer) error {
	if err := errors.Join(cli.SomeOf("kinds", c.kinds, kindNames()), cli.SomeOf("errno", c.errnos, Errnos())); err != nil {
		return err
	}
	if c.seed == 0 {
		c.seed = rand.Uint64()
	}
	strace, missing := exec.LookPath("strace")
	runs, err := c.runs(out, missing)
	if err != nil {
		return err
	}
	began := time.Now()
	progress := report.NewProgress(len(runs))
	defer progress.End()
	for i := range runs {
		r := &runs[i]
		progress.Begin("%s, %v", r.name(), r.choice)
		if err := r.run(ctx, c, strace); err != nil {
			return fmt.Errorf("%s, %v: %w", r.name(), r.choice, err)
		}
		progress.Done()
	}
	progress.End()
	fmt.Fprintf(out, "interrupt: up to %d B each way, %d at once, seed %d, %.0f s\n", c.bytes, c.flight, c.seed, time.Since(began).Seconds())
	if err := printRuns(out, runs); err != nil {
		return err
	}
	return reportViolations(os.Stderr, runs)
}

// runs returns the requested runs, and spreads the transfers of each kind over them.
func (c *config) runs(out io.Writer, noStrace error) ([]run, error) {
	choices, err := c.sweep.All(out)
	if err != nil {
		return nil, err
	}
	native := map[string]bool{} // edges, by mechanism
	for _, choice := range choices {
		if _, seen := native[choice.Queue]; seen {
			continue
		}
		if native[choice.Queue], err = nativeEdge(choice.Queue); err != nil {
			return nil, err
		}
	}
	var runs []run
	for _, name := range c.kinds {
		causes := []string{""}
		if Kind(name) == Injected {
			if noStrace != nil {
				fmt.Fprintf(out, "skipped %s: %v\n", name, noStrace)
				continue
			}
			causes = c.errnos
		}
		share := (c.transfers + len(choices)*len(causes) - 1) / (len(choices) * len(causes))
		for _, cause := range causes {
			for _, choice := range choices {
				// A run that is repeated alone, with the seed that a violation names, comes first
				// and makes the same transfers.
				runs = append(runs, run{kind: Kind(name), errno: cause, choice: choice, native: native[choice.Queue],
					transfers: share, seed: c.seed + uint64(len(runs))})
			}
		}
	}
	return runs, nil
}

func nativeEdge(mechanism string) (bool, error) {
	q, err := auto.ByName(mechanism)
	if err != nil {
		return false, cli.Usagef("--queue %s: %w", mechanism, err)
	}
	return q.Features().NativeEdge, q.Close()
}

// printRuns prints a row for each kind of interference on each mechanism in each mode, both
// forms together.
func printRuns(w io.Writer, runs []run) error {
	t := report.NewTable(w)
	fmt.Fprintf(t, "kind\tmechanism\tmode\ttransfers\twhole\tpermitted failures\tKiB\tfaults\tms\tviolations\t\n")
	of := func(r run) [3]string { return [3]string{r.name(), r.choice.Queue, r.choice.Mode} }
	for len(runs) > 0 {
		n := 1
		for n < len(runs) && of(runs[n]) == of(runs[0]) {
			n++
		}
		sum := runs[0]
		ended := map[string]int{}
		sum.transfers, sum.result = 0, Result{Ended: ended}
		for _, r := range runs[:n] {
			sum.transfers += r.transfers
			sum.result.Bytes += r.result.Bytes
			sum.result.Faults += r.result.Faults
			sum.result.Milliseconds += r.result.Milliseconds
			sum.result.Violations = append(sum.result.Violations, r.result.Violations...)
			for outcome, count := range r.result.Ended {
				ended[outcome] += count
			}
		}
		fmt.Fprintf(t, "%s\t%s\t%v\t%d\t%d\t%s\t%d\t%d\t%d\t%d\t\n", sum.name(), sum.choice.Queue, sum.choice.Mode, sum.transfers, ended[Whole],
			failures(ended), sum.result.Bytes>>10, sum.result.Faults, sum.result.Milliseconds, len(sum.result.Violations))
		runs = runs[n:]
	}
	return t.Flush()
}

// failures lists the outcomes that are failures.
func failures(ended map[string]int) string {
	var list []string
	for outcome, count := range ended {
		if outcome != Whole {
			list = append(list, fmt.Sprintf("%d %s", count, outcome))
		}
	}
	slices.Sort(list)
	if len(list) == 0 {
		return "-"
	}
	return strings.Join(list, ", ")
}

func reportViolations(w io.Writer, runs []run) error {
	found := 0
	for _, r := range runs {
		for _, v := range r.result.Violations {
			found++
			fmt.Fprintf(w, "bench: %s, %v, seed %d: %s\n", r.name(), r.choice, r.seed, v)
		}
	}
	if found > 0 {
		return cli.ErrReported
	}
	return nil
}
