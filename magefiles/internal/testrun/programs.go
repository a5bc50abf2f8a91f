package testrun

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/edgewise-go/edgewise/magefiles/internal/command"
)

// Program is a compiled test program and the way to run it.
type Program struct {
	Package string // import path
	// Cmd returns the command that runs the program with args after its own arguments, in the
	// directory of the package.
	Cmd func(ctx context.Context, args ...string) *exec.Cmd
	// Skip is a regular expression of top-level tests to omit, as for -test.skip; empty omits none.
	Skip string
}

// killGrace is the time between the limit of a program and its kill. At the limit the program
// prints what hangs. It is also how long a killed program may keep its output open.
const killGrace = 20 * time.Second

// RunPrograms runs programs one after the other and reports them as Run does. Each may take up to
// limit. It ignores the fields Dir, Env and Packages of o. Args are flags of the test programs,
// such as -test.run.
func RunPrograms(ctx context.Context, o Options, limit time.Duration, programs []Program) (Result, error) {
	o.Packages = len(programs)
	r := newReader(o, o.Out)
	stop := make(chan struct{})
	var ticker sync.WaitGroup
	ticker.Go(func() { r.tick(stop) })
	for _, p := range programs {
		if ctx.Err() != nil {
			break
		}
		runProgram(ctx, r, o, limit, p)
	}
	close(stop)
	ticker.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.result.Elapsed = time.Since(r.start)
	slices.Sort(r.result.Conformance)
	if len(r.result.Failed) > 0 {
		return r.result, fmt.Errorf("%d of %d packages failed: %s",
			len(r.result.Failed), r.result.Packages, strings.Join(r.result.Failed, " "))
	}
	return r.result, context.Cause(ctx)
}

// runProgram passes the output of p through test2json and the events to r. A package passes if its
// last line reports success and its command exits with status 0.
func runProgram(ctx context.Context, r *reader, o Options, limit time.Duration, p Program) {
	begin := time.Now()
	r.handle(event{Action: "start", Package: p.Package})
	passed, err := stream(ctx, r, o, limit, p)
	action := "pass"
	if err != nil {
		r.handle(event{Action: "output", Package: p.Package, Output: fmt.Sprintf("FAIL\t%s\t%v\n", p.Package, err)})
	}
	if err != nil || !passed {
		action = "fail"
	}
	r.handle(event{Action: action, Package: p.Package, Elapsed: time.Since(begin).Seconds()})
}

func stream(ctx context.Context, r *reader, o Options, limit time.Duration, p Program) (passed bool, err error) {
	converter := command.Cmd(o.Dir, nil, "go", "tool", "test2json", "-t", "-p", p.Package)
	in, err := converter.StdinPipe()
	if err != nil {
		return false, err
	}
	events, err := converter.StdoutPipe()
	if err != nil {
		return false, err
	}
	if err := converter.Start(); err != nil {
		return false, err
	}
	ran := make(chan error, 1)
	go func() {
		err := runOne(ctx, in, o.Args, limit, p)
		ran <- errors.Join(err, in.Close())
	}()
	passed, err = r.forward(events)
	if err != nil {
		_, _ = io.Copy(io.Discard, events)
	}
	return passed, errors.Join(err, <-ran, converter.Wait())
}

// forward handles events up to the last, which is the verdict of test2json, and returns that
// verdict.
func (r *reader) forward(events io.Reader) (passed bool, err error) {
	lines := bufio.NewScanner(events)
	lines.Buffer(nil, lineBytesMax)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return false, fmt.Errorf("test2json: %w", err)
		}
		switch {
		case e.Test == "" && (e.Action == "pass" || e.Action == "fail" || e.Action == "skip"):
			passed = e.Action == "pass"
		case e.Action != "start":
			r.handle(e)
		}
	}
	return passed, lines.Err()
}

func runOne(ctx context.Context, out io.Writer, args []string, limit time.Duration, p Program) error {
	ctx, cancel := context.WithTimeoutCause(ctx, limit+killGrace, fmt.Errorf("killed after %v", limit+killGrace))
	defer cancel()
	flags := []string{"-test.v=test2json", "-test.paniconexit0", "-test.timeout=" + limit.String()}
	if p.Skip != "" {
		flags = append(flags, "-test.skip="+p.Skip)
	}
	c := p.Cmd(ctx, append(flags, args...)...)
	c.Stdout, c.Stderr = out, out
	c.WaitDelay = killGrace
	err := c.Run()
	if cause := context.Cause(ctx); cause != nil && err != nil {
		return cause
	}
	return err
}
