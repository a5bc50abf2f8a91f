package apptest

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// The states of a thread (proc_pid_stat(5)).
const (
	Sleeping = 'S'
	Stopped  = 'T'
)

// AllThreads reports whether every thread of a process is in state.
func AllThreads(t testing.TB, pid int, state byte) bool {
	t.Helper()
	names, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	if err != nil || len(names) == 0 {
		t.Fatalf("threads of process %d: %q, %v", pid, names, err)
	}
	for _, name := range names {
		stat, err := os.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue // the thread has ended
		}
		if err != nil {
			t.Fatal(err)
		}
		// The state follows the name of the program in parentheses. The name itself may contain
		// parentheses.
		if !bytes.HasPrefix(stat[bytes.LastIndexByte(stat, ')')+1:], []byte{' ', state, ' '}) {
			return false
		}
	}
	return true
}
