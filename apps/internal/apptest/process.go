package apptest

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Process is a running program.
type Process struct {
	Addr string // host:port that a server listens on
	URL  string // Addr with the scheme, for servers that print one

	t       testing.TB
	name    string
	command *exec.Cmd
	stdout  output
	stderr  output
	ended   chan struct{}
}

// PID returns the id of the process.
func (p *Process) PID() int { return p.command.Process.Pid }

// Stdout returns what the process has written to standard output.
func (p *Process) Stdout() string { return p.stdout.String() }

// Stderr returns what the process has written to standard error.
func (p *Process) Stderr() string { return p.stderr.String() }

// Ended returns a channel that is closed when the process has ended.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Signal sends a signal.
func (p *Process) Signal(s os.Signal) {
	p.t.Helper()
	if err := p.command.Process.Signal(s); err != nil {
		p.t.Errorf("signal %v to %s: %v", s, p.name, err)
	}
}

// Wait waits at most d for the process to end. It fails the test if that takes longer, or if the
// race detector has reported a race.
func (p *Process) Wait(d time.Duration) Result {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(d):
		p.command.Process.Signal(syscall.SIGQUIT) // makes Go print its stacks
		select {
		case <-p.ended:
		case <-time.After(5 * time.Second):
			p.command.Process.Kill()
			<-p.ended
		}
		p.t.Fatalf("%s did not end within %v; stderr:\n%s", p.name, d, p.Stderr())
	}
	r := Result{Code: p.command.ProcessState.ExitCode(), Stdout: p.Stdout(), Stderr: p.Stderr()}
	if strings.Contains(r.Stderr, "DATA RACE") {
		p.t.Errorf("%s: data race:\n%s", p.name, r.Stderr)
	}
	return r
}

// Stop sends SIGTERM, waits for the end and checks the exit code.
func (p *Process) Stop(code int) Result {
	p.t.Helper()
	p.Signal(syscall.SIGTERM)
	r := p.Wait(StopTimeout)
	if r.Code != code {
		p.t.Errorf("%s after SIGTERM: got exit code %d, want %d; stderr:\n%s", p.name, r.Code, code, r.Stderr)
	}
	return r
}

// output collects what a process writes.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// waitFor waits for a complete line that begins with prefix.
func (o *output) waitFor(prefix string, d time.Duration, ended <-chan struct{}) (string, bool) {
	find := func() (string, bool) {
		for line := range strings.Lines(o.String()) {
			if strings.HasPrefix(line, prefix) && strings.HasSuffix(line, "\n") {
				return strings.TrimSuffix(line, "\n"), true
			}
		}
		return "", false
	}
	late := time.After(d)
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		if line, ok := find(); ok {
			return line, true
		}
		select {
		case <-tick.C:
		case <-late:
			return "", false
		case <-ended:
			return find()
		}
	}
}
