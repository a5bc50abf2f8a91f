package interop

import (
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

// residents are functions of goroutines that a library starts once per process and never ends.
var residents = []string{
	"github.com/valyala/fasthttp.updateServerDate.func1", // renews the Date header
	"testing.(*T).Run",
	"testing.runTests",
}

// snapshot lists what exists before a check.
type snapshot struct {
	goroutines  map[string]string // the stack, by number
	descriptors map[string]string // what it refers to, by number
}

// takeSnapshot notes what exists. The poller of package net is made to exist first, because the
// process keeps it.
func takeSnapshot(t *testing.T) snapshot {
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	return snapshot{goroutines(), descriptors()}
}

// leakPatience bounds the time in which goroutines and descriptors end after the check.
// leakPoll is the interval at which the process is inspected meanwhile.
const (
	leakPatience = 15 * time.Second
	leakPoll     = 2 * time.Millisecond
)

// check fails the test unless everything that began after the snapshot ends.
func (s snapshot) check(t *testing.T) {
	t.Helper()
	late := time.After(leakPatience)
	tick := time.NewTicker(leakPoll)
	defer tick.Stop()
	for {
		more := s.added()
		if len(more) == 0 {
			return
		}
		select {
		case <-tick.C:
		case <-late:
			t.Errorf("left after the check:\n%s", strings.Join(more, "\n"))
			return
		}
	}
}

// added describes the goroutines and descriptors that did not exist at the time of s.
func (s snapshot) added() []string {
	var more []string
	for id, stack := range goroutines() {
		if s.goroutines[id] == "" {
			more = append(more, stack)
		}
	}
	for fd, to := range descriptors() {
		if s.descriptors[fd] != to {
			more = append(more, fmt.Sprintf("descriptor %s: %s", fd, to))
		}
	}
	return more
}

// goroutines returns the stacks of all goroutines except the residents and the caller, by number.
func goroutines() map[string]string {
	all := map[string]string{}
	for i, stack := range strings.Split(stacks(), "\n\n") {
		id, _, _ := strings.Cut(strings.TrimPrefix(stack, "goroutine "), " ")
		resident := false
		for _, f := range residents {
			resident = resident || strings.Contains(stack, f+"(") || strings.Contains(stack, "created by "+f)
		}
		if i > 0 && !resident {
			all[id] = stack
		}
	}
	return all
}

// descriptors returns what the descriptors of the process refer to, by number. It returns nil on a
// system without that list.
func descriptors() map[string]string {
	const dir = "/proc/self/fd"
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	all := map[string]string{}
	for _, e := range entries {
		// The descriptor with which the directory was read is gone by now.
		if to, err := os.Readlink(dir + "/" + e.Name()); err == nil {
			all[e.Name()] = to
		}
	}
	return all
}
