package process

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/edgewise-go/edgewise/bench/internal/cli"
)

const supported = true

// Pin returns the role that runs a command on one processor. The process becomes the command, so
// that the measured process is the server itself.
func Pin() *cobra.Command {
	cmd := &cobra.Command{Use: pinWord + " PROCESSOR COMMAND [ARGUMENT...]", Short: "Run a command on one processor", Args: cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, args []string) error { return pin(args) }}
	cmd.Flags().SetInterspersed(false)
	return cmd
}

func pin(args []string) error {
	if len(args) < 2 {
		return cli.Usagef("%s: want a processor and a command", pinWord)
	}
	cpu, err := strconv.Atoi(args[0])
	if err != nil || cpu < 0 {
		return cli.Usagef("%s: processor %q: want a number of 0 or more", pinWord, args[0])
	}
	runtime.LockOSThread()
	var set unix.CPUSet
	set.Set(cpu % runtime.NumCPU())
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return fmt.Errorf("pinning to processor %d: %w", cpu, err)
	}
	return fmt.Errorf("running %s: %w", args[1], syscall.Exec(args[1], args[1:], os.Environ()))
}

// cpuClock is the kind of a clock of a process that counts what the scheduler has given to all its
// threads, in nanoseconds. clock_getcpuclockid(3) makes the same number of it and the process.
const cpuClock = 2

// CPU returns the processor time that the server has taken, user and system.
func (s *Server) CPU() (time.Duration, error) {
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^s.cmd.Process.Pid)<<3|cpuClock, &t); err != nil {
		return 0, fmt.Errorf("processor time of process %d: %w", s.cmd.Process.Pid, err)
	}
	return time.Duration(t.Nano()), nil
}

// Resident returns the resident bytes of the process, without memory that it shares with files.
func (s *Server) Resident() (int, error) {
	name := fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid)
	text, err := os.ReadFile(name)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "RssAnon:" {
			kib, err := strconv.Atoi(fields[1])
			return kib << 10, err
		}
	}
	return 0, fmt.Errorf("%s has no RssAnon", name)
}

// OwnCPU returns the processor time that this process has taken, user and system.
func OwnCPU() (time.Duration, error) {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return 0, err
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), nil
}
