package interrupt

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/edgewise-go/edgewise/bench/internal/process"
	"github.com/edgewise-go/edgewise/bench/internal/strategy"
)

// runPatience bounds a run of one mechanism, mode and form. A longer run hangs: it prints its
// stacks and is killed.
const runPatience = 3 * time.Minute

// run is a process that makes transfers.
type run struct {
	kind   Kind
	errno  string // for kind Injected
	choice strategy.Choice
	native bool // edges

	transfers int
	seed      uint64
	result    Result
}

// name describes the interference.
func (r *run) name() string {
	if r.kind == Injected {
		return r.errno
	}
	return string(r.kind)
}

// tinyShorter is the factor by which transfers are shorter with the smallest buffers, where the
// kernel acknowledges late.
const tinyShorter = 8

// run makes the transfers in a separate process.
func (r *run) run(ctx context.Context, c *config, strace string) error {
	bytesMax := c.bytes
	if r.kind == Tiny {
		bytesMax = max(1, bytesMax/tinyShorter)
	}
	line, err := process.Self(roleWord, "--kind", string(r.kind), "--errno", r.errno, "--queue", r.choice.Queue, "--mode", r.choice.Mode, "--task", r.choice.Task,
		"--transfers", strconv.Itoa(r.transfers), "--flight", strconv.Itoa(c.flight), "--bytes", strconv.Itoa(bytesMax),
		"--seed", strconv.FormatUint(r.seed, 10))
	if err != nil {
		return err
	}
	if r.kind != Injected {
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
func (r *run) traced(strace, trace string) []string {
	line := []string{strace, "-f", "-qq", "--seccomp-bpf", "-o", trace, "-e", "signal=none"}
	var traced []string
	for _, i := range injections(r.errno, r.choice.Queue, strategy.Mode(r.choice.Mode), r.native) {
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
func (r *run) execute(ctx context.Context, line []string) error {
	ctx, cancel := context.WithTimeout(ctx, runPatience)
	defer cancel()
	cmd := exec.CommandContext(ctx, line[0], line[1:]...)
	// A separate process group: a signal to strace alone would not end the traced process.
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
