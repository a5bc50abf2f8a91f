package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/edgewise-go/edgewise/apps/bench/interrupt"
	"github.com/edgewise-go/edgewise/apps/internal/cli"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/auto"
)

const interruptUsage = `usage: bench interrupt [flags]

Makes transfers over loopback under interference, on every mechanism of the event queue that works here, in every mode,
with coroutines and with handlers. Clients and server have a loop each. Each transfer must be complete, by its hash, or
fail with one permitted error. No task, descriptor or goroutine may be left. The kinds:
  storm   a signal to every thread, a thousand times per second
  tiny    the smallest socket buffers that the kernel offers; transfers are an eighth as long
  proxy   a proxy that splits, delays and resets
  inject  strace makes system calls fail (skipped without strace)
It prints a table of outcomes. The exit code is 1 if there was any violation.`

// runPatience bounds a run of one mechanism, mode and form. A longer run hangs: it prints its
// stacks and is killed.
const runPatience = 3 * time.Minute

type interruptConfig struct {
	transfers, flight, bytes int
	kinds, queues            string
	modes, tasks, errnos     string
	seed                     uint64
}

// interruptRun is a process that makes transfers.
type interruptRun struct {
	kind   interrupt.Kind
	errno  string // for kind Injected
	queue  string
	mode   queue.Mode
	native bool
	task   string

	transfers int
	seed      uint64
	result    interrupt.Result
}

// name describes the interference.
func (r *interruptRun) name() string {
	if r.kind == interrupt.Injected {
		return r.errno
	}
	return string(r.kind)
}

// interruptAll is the benchmark called interrupt.
func interruptAll(ctx context.Context, args []string) error {
	var c interruptConfig
	fs := flag.NewFlagSet("bench interrupt", flag.ContinueOnError)
	fs.IntVar(&c.transfers, "transfers", 10_000, "transfers of each kind, spread over mechanisms, modes and forms")
	fs.IntVar(&c.flight, "flight", 64, "transfers at the same time")
	fs.IntVar(&c.bytes, "bytes", 100_000, "maximum bytes of a transfer, each way")
	fs.StringVar(&c.kinds, "kinds", "storm,tiny,proxy,inject", "kinds of interference")
	fs.StringVar(&c.queues, "queue", "", "mechanisms, comma-separated; if empty, all that work here")
	fs.StringVar(&c.modes, "mode", "level,edge,oneshot", "modes of the event queue")
	fs.StringVar(&c.tasks, "task", "coroutine,handler", "forms of the tasks")
	fs.StringVar(&c.errnos, "errno", strings.Join(errnos, ","), "errors to inject")
	fs.Uint64Var(&c.seed, "seed", 0, "seed; a random one if 0")
	if err := cli.Parse(fs, args, interruptUsage); err != nil {
		return err
	}
	if fs.NArg() > 0 {
		return cli.Usagef("unexpected argument %q (see bench interrupt -h)", fs.Arg(0))
	}
	if c.transfers < 1 || c.flight < 1 || c.bytes < 1 {
		return cli.Usagef("every number must be more than 0")
	}
	if c.seed == 0 {
		c.seed = rand.Uint64()
	}
	strace, missing := exec.LookPath("strace")
	runs, err := c.runs(os.Stdout, missing)
	if err != nil {
		return err
	}
	began := time.Now()
	for i := range runs {
		r := &runs[i]
		note("\r%d of %d: %-10s %-8s %-8s %-10s", i+1, len(runs), r.name(), r.queue, r.mode, r.task)
		if err := r.run(ctx, c, strace); err != nil {
			return fmt.Errorf("%s, %s, mode %v, %s: %w", r.name(), r.queue, r.mode, r.task, err)
		}
	}
	note("\r%-60s\r", "")
	fmt.Printf("interrupt: up to %d B each way, %d at once, seed %d, %.0f s\n", c.bytes, c.flight, c.seed, time.Since(began).Seconds())
	if err := printInterrupts(os.Stdout, runs); err != nil {
		return err
	}
	return reportViolations(os.Stderr, runs)
}

// runs returns the requested runs, and spreads the transfers of each kind over them.
func (c interruptConfig) runs(w io.Writer, noStrace error) ([]interruptRun, error) {
	places, err := c.places(w)
	if err != nil {
		return nil, err
	}
	var runs []interruptRun
	for name := range strings.SplitSeq(c.kinds, ",") {
		kind := interrupt.Kind(name)
		if !slices.Contains(interrupt.Kinds(), kind) {
			return nil, cli.Usagef("-kinds %s: unknown; want some of %v", name, interrupt.Kinds())
		}
		causes := []string{""}
		if kind == interrupt.Injected {
			if noStrace != nil {
				fmt.Fprintf(w, "skipped %s: %v\n", kind, noStrace)
				continue
			}
			causes = strings.Split(c.errnos, ",")
		}
		share := (c.transfers + len(places)*len(causes) - 1) / (len(places) * len(causes))
		for _, cause := range causes {
			if cause != "" && !slices.Contains(errnos, cause) {
				return nil, cli.Usagef("-errno %s: want some of %s", cause, strings.Join(errnos, ","))
			}
			for _, p := range places {
				// A run that is repeated alone, with the seed that a violation names, comes first
				// and makes the same transfers.
				p.kind, p.errno, p.transfers, p.seed = kind, cause, share, c.seed+uint64(len(runs))
				runs = append(runs, p)
			}
		}
	}
	return runs, nil
}

// places returns a run for each mechanism, mode and form.
func (c interruptConfig) places(w io.Writer) ([]interruptRun, error) {
	names := auto.Names()
	if c.queues != "" {
		names = strings.Split(c.queues, ",")
	}
	var places []interruptRun
	for _, name := range names {
		if name == auto.Auto {
			continue
		}
		q, err := auto.ByName(name)
		if errors.Is(err, errors.ErrUnsupported) && c.queues == "" {
			continue
		}
		if err != nil && c.queues == "" {
			fmt.Fprintf(w, "skipped %s: %v\n", name, err)
			continue
		}
		if err != nil {
			return nil, cli.Usagef("-queue %s: %w", name, err)
		}
		native := q.Features().NativeEdge
		if err := q.Close(); err != nil {
			return nil, err
		}
		for _, mode := range queueModes {
			for _, task := range []string{"coroutine", "handler"} {
				if slices.Contains(strings.Split(c.modes, ","), mode.String()) && slices.Contains(strings.Split(c.tasks, ","), task) {
					places = append(places, interruptRun{queue: name, mode: mode, native: native, task: task})
				}
			}
		}
	}
	if len(places) == 0 {
		return nil, cli.Usagef("-queue, -mode and -task leave nothing to run")
	}
	return places, nil
}

// tinyShorter is the factor by which transfers are shorter with the smallest buffers, where the
// kernel acknowledges late.
const tinyShorter = 8

// run makes the transfers in a separate process.
func (r *interruptRun) run(ctx context.Context, c interruptConfig, strace string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	bytesMax := c.bytes
	if r.kind == interrupt.Tiny {
		bytesMax = max(1, bytesMax/tinyShorter)
	}
	line := []string{self, "interrupted", "-kind", string(r.kind), "-errno", r.errno, "-queue", r.queue, "-mode", r.mode.String(), "-task", r.task,
		"-transfers", strconv.Itoa(r.transfers), "-flight", strconv.Itoa(c.flight), "-bytes", strconv.Itoa(bytesMax),
		"-seed", strconv.FormatUint(r.seed, 10), "-loops", "2", "-buffer", "ring"}
	if r.kind != interrupt.Injected {
		return r.execute(ctx, line)
	}
	dir, err := os.MkdirTemp("", "bench-interrupt")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	trace := filepath.Join(dir, "trace")
	if err := r.execute(ctx, append(r.traced(strace, trace), line...)); err != nil {
		return err
	}
	text, err := os.ReadFile(trace)
	if err != nil {
		return err
	}
	r.result.Faults = int64(bytes.Count(text, []byte("(INJECTED)")))
	if r.result.Faults == 0 {
		r.result.Violations = append(r.result.Violations, "strace injected nothing")
	}
	return nil
}

// traced returns the command line of strace.
func (r *interruptRun) traced(strace, trace string) []string {
	line := []string{strace, "-f", "-qq", "--seccomp-bpf", "-o", trace, "-e", "signal=none"}
	var traced []string
	for _, i := range injections(r.errno, r.queue, r.mode, r.native) {
		line = append(line, "-e", fmt.Sprintf("inject=%s:error=%s:%s", strings.Join(i.calls, ","), i.errno, i.when))
		traced = append(traced, i.calls...)
	}
	if r.errno == "EINTR" {
		line = append(line, "-e", "inject="+strings.Join(signalled, ",")+":signal=URG:"+often)
		traced = append(traced, signalled...)
	}
	return append(line, "-e", "trace="+strings.Join(traced, ","))
}

// execute runs a command and stores the result that it prints.
func (r *interruptRun) execute(ctx context.Context, line []string) error {
	ctx, cancel := context.WithTimeout(ctx, runPatience)
	defer cancel()
	cmd := exec.CommandContext(ctx, line[0], line[1:]...)
	// A separate process group: a signal to strace alone would leave the traced process behind.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGQUIT) }
	cmd.WaitDelay = 5 * time.Second
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		if cmd.Process != nil {
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // fails harmlessly if the group has ended
		}
		if ctx.Err() == context.DeadlineExceeded {
			r.result.Violations = []string{fmt.Sprintf("hung for %v: %s", runPatience, stderr.String())}
			return nil
		}
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(stderr.String()))
	}
	if err := json.Unmarshal(stdout.Bytes(), &r.result); err != nil {
		return fmt.Errorf("the run printed %q: %w", stdout.Bytes(), err)
	}
	if strings.Contains(stderr.String(), "DATA RACE") {
		r.result.Violations = append(r.result.Violations, stderr.String())
	}
	return nil
}

// printInterrupts prints a row for each kind of interference on each mechanism in each mode, both
// forms together.
func printInterrupts(w io.Writer, runs []interruptRun) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "kind\tmechanism\tmode\ttransfers\twhole\tpermitted failures\tKiB\tfaults\tms\tviolations\t\n")
	type key struct {
		name, queue string
		mode        queue.Mode
	}
	of := func(r interruptRun) key { return key{r.name(), r.queue, r.mode} }
	for len(runs) > 0 {
		n := 1
		for n < len(runs) && of(runs[n]) == of(runs[0]) {
			n++
		}
		sum := runs[0]
		ended := map[string]int{}
		sum.transfers, sum.result = 0, interrupt.Result{Ended: ended}
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
		fmt.Fprintf(t, "%s\t%s\t%v\t%d\t%d\t%s\t%d\t%d\t%d\t%d\t\n", sum.name(), sum.queue, sum.mode, sum.transfers, ended[interrupt.Whole],
			failures(ended), sum.result.Bytes>>10, sum.result.Faults, sum.result.Milliseconds, len(sum.result.Violations))
		runs = runs[n:]
	}
	return t.Flush()
}

// failures lists the outcomes that are failures.
func failures(ended map[string]int) string {
	var list []string
	for outcome, count := range ended {
		if outcome != interrupt.Whole {
			list = append(list, fmt.Sprintf("%d %s", count, outcome))
		}
	}
	slices.Sort(list)
	if len(list) == 0 {
		return "-"
	}
	return strings.Join(list, ", ")
}

func reportViolations(w io.Writer, runs []interruptRun) error {
	found := 0
	for _, r := range runs {
		for _, v := range r.result.Violations {
			found++
			fmt.Fprintf(w, "bench: %s, %s, mode %v, %s, seed %d: %s\n", r.name(), r.queue, r.mode, r.task, r.seed, v)
		}
	}
	if found > 0 {
		return cli.ErrReported
	}
	return nil
}
