package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/edgewise-go/edgewise/apps/internal/cli"
)

// The processors of the two sides. On a machine with one processor they share it.
const (
	serverCPU = 0
	loadCPU   = 1
)

// pinned runs a command on one processor. args are the number of the processor and the command. The
// process becomes the command, so that the measured process is the server itself.
func pinned(args []string) error {
	if len(args) < 2 {
		return cli.Usagef("pinned: want a processor and a command")
	}
	cpu, err := strconv.Atoi(args[0])
	if err != nil {
		return cli.Usagef("pinned: %w", err)
	}
	runtime.LockOSThread()
	var set unix.CPUSet
	set.Set(cpu % runtime.NumCPU())
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return fmt.Errorf("pinning to processor %d: %w", cpu, err)
	}
	return fmt.Errorf("running %s: %w", args[1], syscall.Exec(args[1], args[1:], os.Environ()))
}

func command(ctx context.Context, cpu int, args []string) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, append([]string{"pinned", strconv.Itoa(cpu)}, args...)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	return cmd, nil
}

// process is a running server.
type process struct {
	cmd    *exec.Cmd
	addr   string
	stderr *syncBuffer
}

// start runs a server and waits until it prints its address.
func start(ctx context.Context, cpu int, args []string) (*process, error) {
	cmd, err := command(ctx, cpu, args)
	if err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, stderr: &syncBuffer{}}
	cmd.Stderr = p.stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	addr, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if err != nil || !ok {
		p.stop()
		return nil, fmt.Errorf("the server printed %q instead of its address: %w: %s", line, err, p.stderr.String())
	}
	p.addr = addr
	return p, nil
}

// stop ends the server. How it ends is not measured.
func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	_ = p.cmd.Wait()
}

// ticksPerSecond is the unit of /proc/PID/stat, USER_HZ, which is 100 on every architecture that Go
// supports.
const ticksPerSecond = 100

// cpu returns the processor time that the server has taken, user and system.
func (p *process) cpu() (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	// The second field, the name in parentheses, may contain anything.
	_, rest, ok := bytes.Cut(stat, []byte(") "))
	fields := strings.Fields(string(rest))
	if !ok || len(fields) < 13 {
		return 0, fmt.Errorf("/proc/%d/stat: %q", p.cmd.Process.Pid, stat)
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * (time.Second / ticksPerSecond), errors.Join(err1, err2)
}

// output runs a command and returns its standard output. It calls told with each line of standard
// error, which names the phase that has begun.
func output(ctx context.Context, cpu int, args []string, told func(phase string) error) ([]byte, error) {
	cmd, err := command(ctx, cpu, args)
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
		failed = errors.Join(failed, told(lines.Text()))
	}
	if err := cmd.Wait(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, strings.Join(said, "; "))
	}
	return stdout.Bytes(), failed
}
