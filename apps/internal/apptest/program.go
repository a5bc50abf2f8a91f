// Package apptest runs the programs as their users do, for their tests: built once, started as
// processes, stopped by signal, never waited for without a bound.
package apptest

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Bounds on what a test waits for. They are not what is expected, but what no machine needs.
const (
	StartTimeout = 20 * time.Second // until a server listens
	StopTimeout  = 30 * time.Second // from a signal to the end
	RunTimeout   = 90 * time.Second // of a program that ends by itself
)

// Program is the program in the directory of the tests that use it. [Program.Main] builds it.
type Program struct {
	path string
	name string
}

// Main builds the program, runs the tests of m and returns the exit code for os.Exit. The program
// has the race detector if the tests have.
func (p *Program) Main(m *testing.M) int {
	dir, err := os.MkdirTemp("", "apptest")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	here, err := os.Getwd()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	p.name = filepath.Base(here)
	p.path = filepath.Join(dir, p.name)
	args := []string{"build", "-o", p.path}
	if raceDetector {
		args = append(args, "-race")
	}
	build := exec.Command("go", append(args, ".")...)
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// Result is how a program ended.
type Result struct {
	Code           int
	Stdout, Stderr string
}

// Run runs the program to its end, in a directory of its own if dir is empty.
func (p *Program) Run(t testing.TB, dir string, stdin io.Reader, args ...string) Result {
	t.Helper()
	proc := p.start(t, dir, stdin, nil, args)
	return proc.Wait(RunTimeout)
}

// Start starts the program and does not wait for anything. The test ends it at the latest.
func (p *Program) Start(t testing.TB, dir string, args ...string) *Process {
	t.Helper()
	return p.start(t, dir, nil, nil, args)
}

// Serve starts a server, by way of another program if via is not nil, and waits until it listens.
// When the test ends, the server is stopped, if it has not been, and must end well.
func (p *Program) Serve(t testing.TB, via []string, args ...string) *Process {
	t.Helper()
	proc := p.start(t, "", nil, via, args)
	line, ok := proc.stdout.waitFor("listening on ", StartTimeout, proc.ended)
	if !ok {
		t.Fatalf("%s %s does not listen; stderr: %s", p.name, strings.Join(args, " "), proc.Stderr())
	}
	proc.URL = strings.TrimPrefix(line, "listening on ")
	_, proc.Addr, ok = strings.Cut(proc.URL, "://")
	if !ok {
		proc.Addr = proc.URL
	}
	t.Cleanup(func() {
		select {
		case <-proc.ended:
		default:
			proc.Stop(0)
		}
	})
	return proc
}

func (p *Program) start(t testing.TB, dir string, stdin io.Reader, via, args []string) *Process {
	t.Helper()
	if p.path == "" {
		t.Fatal("the program has not been built: TestMain must call Program.Main")
	}
	line := append(append(append([]string{}, via...), p.path), args...)
	c := exec.Command(line[0], line[1:]...)
	if c.Dir = dir; dir == "" {
		c.Dir = t.TempDir()
	}
	// The race detector would have each process sleep for a second at its end.
	c.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0")
	proc := &Process{t: t, name: p.name, command: c, ended: make(chan struct{})}
	c.Stdin, c.Stdout, c.Stderr = stdin, &proc.stdout, &proc.stderr
	c.WaitDelay = time.Second
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(proc.ended)
		var exit *exec.ExitError
		if err := c.Wait(); err != nil && !errors.As(err, &exit) {
			fmt.Fprintln(&proc.stderr, "apptest:", err)
		}
	}()
	t.Cleanup(func() {
		c.Process.Kill() // does nothing to one that has ended
		<-proc.ended
	})
	return proc
}
