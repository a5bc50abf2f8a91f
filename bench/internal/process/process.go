// Package process starts the servers and loads of a measurement, each in a process pinned to one
// processor, and reads what they use.
package process

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// The processors of the two sides. On a machine with one processor they share it.
const (
	ServerCPU = 0
	LoadCPU   = 1
)

// Group is the word of the command that contains the commands for processes.
const Group = "role"

// Self returns the command line that starts this program in a role.
func Self(words ...string) ([]string, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return append([]string{self, Group}, words...), nil
}

// pinWord is the word of the role that pins.
const pinWord = "pin"

// Command returns a command that runs args on one processor.
func Command(ctx context.Context, cpu int, args []string) (*exec.Cmd, error) {
	if !supported {
		return nil, errUnsupported
	}
	self, err := Self(append([]string{pinWord, strconv.Itoa(cpu)}, args...)...)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self[0], self[1:]...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	return cmd, nil
}

// errUnsupported is the error of every measurement that starts processes on another system.
var errUnsupported = fmt.Errorf("process: pins processes and reads /proc, which needs Linux: %w", errors.ErrUnsupported)

// Server is a running server.
type Server struct {
	Addr string

	cmd    *exec.Cmd
	stderr *syncBuffer
}

// Start runs a server and waits until it prints its address.
func Start(ctx context.Context, cpu int, args []string) (*Server, error) {
	cmd, err := Command(ctx, cpu, args)
	if err != nil {
		return nil, err
	}
	s := &Server{cmd: cmd, stderr: &syncBuffer{}}
	cmd.Stderr = s.stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	out := bufio.NewReader(stdout)
	line, err := out.ReadString('\n')
	for err == nil && strings.HasPrefix(line, "auto: ") {
		line, err = out.ReadString('\n') // before its address, a server of this workspace says what it chose
	}
	addr, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if err != nil || !ok {
		s.Stop() // before the output is read, so that all of it has arrived
		return nil, fmt.Errorf("process: the server printed %q (%v) instead of its address: %s", line, err, s.stderr.String())
	}
	s.Addr = addr
	return s, nil
}

// Stop ends the server. How it ends is not measured.
func (s *Server) Stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	_ = s.cmd.Wait()
}

// Output runs a command and returns its standard output. It calls begun with each line of standard
// error, which names the phase that has begun.
func Output(ctx context.Context, cpu int, args []string, begun func(phase string) error) ([]byte, error) {
	cmd, err := Command(ctx, cpu, args)
	if err != nil {
		return nil, err
	}
	var stdout bytes.Buffer
	cmd.Stdout = &stdout
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	var said []string
	var failed error
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		said = append(said, lines.Text())
		failed = errors.Join(failed, begun(lines.Text()))
	}
	if err := cmd.Wait(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, strings.Join(said, "; "))
	}
	return stdout.Bytes(), failed
}
