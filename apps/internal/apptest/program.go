// Package apptest runs the programs in tests as their users do. It builds each program once, starts
// it as a process, and stops it by signal. No wait is unbounded.
package apptest

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Bounds on the waits of a test. They are not expectations: no machine needs so long.
const (
	StartTimeout = 20 * time.Second // until a server listens
	StopTimeout  = 30 * time.Second // from a signal to the end
	RunTimeout   = 90 * time.Second // of a program that ends on its own
)

// Program is the program in the directory of the tests that use it. [Program.Main] builds it.
type Program struct {
	path string
	name string
}

// Main builds the program, runs the tests of m and returns the exit code for os.Exit. The program
// has the race detector if the tests have it.
func (p *Program) Main(m *testing.M) int {
	startWithDefaultSignals()
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

// startWithDefaultSignals makes the programs that tests start get the default action of the signals
// that the starter of the tests ignores. nohup(1) ignores SIGHUP, and a shell ignores SIGINT for a
// background job. A program inherits what is ignored (execve(2)), but not what is caught.
func startWithDefaultSignals() {
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGHUP} {
		if signal.Ignored(s) {
			signal.Notify(make(chan os.Signal, 1), s)
		}
	}
}

// Result describes how a program ended.
type Result struct {
	Code           int
	Stdout, Stderr string
}

// Run runs the program to its end. It uses a new directory if dir is empty.
func (p *Program) Run(t testing.TB, dir string, stdin io.Reader, args ...string) Result {
	t.Helper()
	proc := p.start(t, dir, stdin, nil, args)
	return proc.Wait(RunTimeout)
}

// Start starts the program without waiting for it. The program ends no later than the test.
func (p *Program) Start(t testing.TB, dir string, args ...string) *Process {
	t.Helper()
	return p.start(t, dir, nil, nil, args)
}

// Serve starts a server and waits until it listens. If via is not nil, another program starts it.
// When the test ends, Serve stops the server if it still runs, and requires that it ends without an
// error.
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
		t.Fatal("the program is not built: TestMain must call Program.Main")
	}
	line := append(append(append([]string{}, via...), p.path), args...)
	c := exec.Command(line[0], line[1:]...)
	if c.Dir = dir; dir == "" {
		c.Dir = t.TempDir()
	}
	// The race detector would make each process sleep for a second at its end.
	c.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0")
	proc := &Process{t: t, name: p.name, command: c, ended: make(chan struct{})}
	c.Stdin, c.Stdout, c.Stderr = stdin, &proc.stdout, &proc.stderr
	c.WaitDelay = StopTimeout
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
		c.Process.Kill() // no effect on a process that has ended
		<-proc.ended
	})
	return proc
}
