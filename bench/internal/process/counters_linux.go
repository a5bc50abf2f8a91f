package process

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Switches returns how often the threads of the server that still exist were switched out, of their
// own will or not.
func (s *Server) Switches() (int, error) {
	threads, err := s.threads()
	total := 0
	for _, id := range threads {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/status", s.cmd.Process.Pid, id))
		if gone(err) {
			continue
		}
		if err != nil {
			return 0, err
		}
		n, err := switches(string(text))
		if err != nil {
			return 0, err
		}
		total += n
	}
	return total, err
}

// switches adds the two counts of a status file in /proc.
func switches(status string) (int, error) {
	total, found := 0, 0
	for line := range strings.Lines(status) {
		name, value, _ := strings.Cut(line, ":")
		if name != "voluntary_ctxt_switches" && name != "nonvoluntary_ctxt_switches" {
			continue
		}
		n, err := strconv.Atoi(strings.TrimSpace(value))
		if err != nil {
			return 0, err
		}
		total += n
		found++
	}
	if found != 2 {
		return 0, fmt.Errorf("process: a status file has %d counts of context switches, want 2", found)
	}
	return total, nil
}

// gone reports whether err means that a thread has ended. A read of its file fails with ESRCH if it
// ended after the file was opened.
func gone(err error) bool { return errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ESRCH) }

// threads returns the numbers of the server's threads.
func (s *Server) threads() ([]int, error) {
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", s.cmd.Process.Pid))
	if err != nil {
		return nil, err
	}
	var ids []int
	for _, e := range entries {
		id, err := strconv.Atoi(e.Name())
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// SystemCalls counts the system calls of a server, which makes each of them slower.
type SystemCalls struct{ counters []*os.File }

// tracefs holds the places where the kernel shows its tracepoints.
var tracefs = [...]string{"/sys/kernel/tracing", "/sys/kernel/debug/tracing"}

// CountSystemCalls begins to count. Threads that the present ones start later also count. It needs
// the capability CAP_PERFMON, and a kernel with tracepoints of system calls.
func (s *Server) CountSystemCalls() (*SystemCalls, error) {
	id, err := tracepoint("raw_syscalls/sys_enter")
	if err != nil {
		return nil, err
	}
	threads, err := s.threads()
	if err != nil {
		return nil, err
	}
	c := &SystemCalls{}
	for _, thread := range threads {
		attr := unix.PerfEventAttr{Type: unix.PERF_TYPE_TRACEPOINT, Config: id, Bits: unix.PerfBitInherit}
		attr.Size = uint32(unsafe.Sizeof(attr))
		fd, err := unix.PerfEventOpen(&attr, thread, -1, -1, unix.PERF_FLAG_FD_CLOEXEC)
		if gone(err) {
			continue
		}
		if err != nil {
			c.Close()
			return nil, fmt.Errorf("perf_event_open: %w", err)
		}
		c.counters = append(c.counters, os.NewFile(uintptr(fd), "perf_event"))
	}
	return c, nil
}

// tracepoint returns the number of a tracepoint.
func tracepoint(name string) (uint64, error) {
	var failed error
	for _, root := range tracefs {
		text, err := os.ReadFile(filepath.Join(root, "events", name, "id"))
		if err == nil {
			return strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
		}
		failed = errors.Join(failed, err)
	}
	return 0, failed
}

// Total returns the calls since the count began. perf_event_open(2) defines the eight bytes.
func (c *SystemCalls) Total() (int, error) {
	total := 0
	for _, f := range c.counters {
		var value [8]byte
		if _, err := f.Read(value[:]); err != nil {
			return 0, err
		}
		total += int(binary.NativeEndian.Uint64(value[:]))
	}
	return total, nil
}

// Close ends the count.
func (c *SystemCalls) Close() {
	for _, f := range c.counters {
		f.Close()
	}
}
