package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/bench/internal/benchtest"
	"github.com/edgewise-go/edgewise/bench/internal/cli"
	"github.com/edgewise-go/edgewise/bench/internal/program"
	"github.com/edgewise-go/edgewise/bench/internal/strategy"
	"github.com/stretchr/testify/require"
)

// asProgram names the environment variable that makes the test program run as bench. The roles that
// it starts inherit the variable, and the race detector.
const asProgram = "EDGEWISE_BENCH_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Exit(cli.Run(commands(), os.Args[1:]))
	}
	code := m.Run()
	removeEcho()
	os.Exit(code)
}

// removeEcho removes what buildEchoOnce has built.
var removeEcho = func() {}

// buildEchoOnce builds the echo server once for all measures that load it.
var buildEchoOnce = sync.OnceValues(func() (string, error) {
	path, remove, err := program.BuildEcho(context.Background(), "")
	if err == nil {
		removeEcho = remove
	}
	return path, err
})

func echoProgram(t *testing.T) string {
	t.Helper()
	path, err := buildEchoOnce()
	require.NoError(t, err)
	return path
}

// runPatience only ends a hang.
const runPatience = 3 * time.Minute

// command returns bench with arguments. The caller may start it in any way.
func command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), runPatience)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, self, args...)
	// The race detector would make each process sleep for a second at its end.
	cmd.Env = append(os.Environ(), asProgram+"=1", "GORACE=atexit_sleep_ms=0")
	cmd.WaitDelay = time.Second
	return cmd
}

// result describes how the program ended.
type result struct {
	code           int
	stdout, stderr string
}

func run(t *testing.T, args ...string) result {
	t.Helper()
	cmd := command(t, args...)
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	r := result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
	if strings.Contains(r.stderr, "DATA RACE") {
		t.Errorf("bench %s: data race:\n%s", strings.Join(args, " "), r.stderr)
	}
	return r
}

// succeed runs the program, which must succeed, and returns its output.
func succeed(t *testing.T, args ...string) string {
	t.Helper()
	r := run(t, args...)
	if r.code != 0 {
		t.Fatalf("bench %s: got exit code %d, %s\n%s", strings.Join(args, " "), r.code, r.stderr, r.stdout)
	}
	return r.stdout
}

// needRows fails the test unless for each element of rows a line begins with its words, in their
// order.
func needRows(t *testing.T, out string, rows ...string) {
	t.Helper()
	for _, row := range rows {
		if !regexp.MustCompile(`(?m)^ *` + strings.ReplaceAll(row, " ", ` +`)).MatchString(out) {
			t.Errorf("got no row %q:\n%s", row, out)
		}
	}
}

// queues returns the mechanisms that work here.
func queues(t *testing.T) []string {
	t.Helper()
	var skipped strings.Builder
	names, err := strategy.WorkingQueues(&skipped)
	require.NoError(t, err)
	if skipped.Len() > 0 {
		if os.Getenv(benchtest.RequireVariable) != "" {
			t.Fatal(skipped.String())
		}
		t.Log(skipped.String())
	}
	return names
}

func (r result) String() string {
	return fmt.Sprintf("exit code %d, %q on standard output, %q on standard error", r.code, r.stdout, r.stderr)
}
