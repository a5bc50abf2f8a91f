package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/edgewise-go/edgewise/apps/internal/apptest"
	"github.com/stretchr/testify/require"
)

// Under load the server makes no system call that can block, except epoll_wait and those in which
// the Go runtime parks idle threads. Every descriptor that it reads or writes is non-blocking, or
// the call has MSG_DONTWAIT. Every socket is created non-blocking and close-on-exec, and none is
// made blocking later.
func TestNoSystemCallBlocks(t *testing.T) {
	t.Parallel()
	strace := apptest.Need(t, "strace")
	for _, flags := range [][]string{{"-task", "coroutine"}, {"-task", "handler"}, {"-loops", "2", "-mode", "level"}} {
		t.Run(strings.Join(flags, " "), func(t *testing.T) {
			t.Parallel()
			trace := filepath.Join(t.TempDir(), "trace")
			// Signals belong to the Go runtime and are omitted.
			via := []string{strace, "-f", "-qq", "-e", "signal=none", "-o", trace}
			server := program.Serve(t, via, append([]string{"serve", "-addr", "127.0.0.1:0"}, flags...)...)
			runLoad(t, server.Addr, 20, 20, "-s", "1000")
			// The signal is for the server, not for strace, which ends with the server.
			stopTraced(t, server)
			text, err := os.ReadFile(trace)
			require.NoError(t, err)
			for _, fault := range faults(string(text)) {
				t.Error(fault)
			}
		})
	}
}

// A descriptor that another thread opens while close runs is not the closed one.
func TestACloseTakesEffectBeforeItReturns(t *testing.T) {
	trace := "1 close(14 <unfinished ...>\n2 openat(AT_FDCWD, \"/etc/hosts\") = 14\n1 <... close resumed>) = 0\n2 read(14, \"\", 1) = 0\n"
	require.NotContains(t, strings.Join(faults(trace), "\n"), "read(14")
	blocked := "1 openat(AT_FDCWD, \"/etc/hosts\") = 14\n1 close(14) = 0\n2 read(14, \"\", 1) = 0\n"
	require.Contains(t, strings.Join(faults(blocked), "\n"), "read(14")
}

// stopTraced ends the one child of strace, and thereby strace.
func stopTraced(t *testing.T, p *apptest.Process) {
	t.Helper()
	pid := strconv.Itoa(p.PID())
	text, err := os.ReadFile("/proc/" + pid + "/task/" + pid + "/children")
	require.NoError(t, err)
	child, err := strconv.Atoi(strings.TrimSpace(string(text)))
	require.NoErrorf(t, err, "children of strace: %q", text)
	process, err := os.FindProcess(child)
	require.NoError(t, err)
	require.NoError(t, process.Signal(terminate))
	if r := p.Wait(apptest.StopTimeout); r.Code != 0 {
		t.Errorf("got exit code %d, %s", r.Code, r.Stderr)
	}
}

var (
	call    = regexp.MustCompile(`^\d+ +(\w+)\(`)
	first   = regexp.MustCompile(`^\d+ +\w+\((\d+)`)
	resumed = regexp.MustCompile(`^(\d+) +<\.\.\. \w+ resumed>(.*)`)
	returns = regexp.MustCompile(` = (\d+)$`)
	pair    = regexp.MustCompile(`\[(\d+), (\d+)\]`)
)

// waits are the calls that can wait on a blocking descriptor, or whose purpose is to wait. They
// exclude those of the event queue, and those in which Go's scheduler, monitor and network poller
// park idle threads.
var waits = map[string]bool{
	"read": true, "readv": true, "recvfrom": true, "recvmsg": true, "write": true, "writev": true, "sendto": true, "sendmsg": true,
	"accept": true, "accept4": true, "connect": true, "poll": true, "ppoll": true, "select": true, "pselect6": true,
}

// descriptors records which descriptors of a process cannot block, from the calls that made them.
type descriptors map[string]kind

type kind uint8

const (
	blocking kind = iota // or unknown
	nonblocking
	file // answers from memory or disk, and does not wait for a peer
)

// note records what a call does to a descriptor.
func (d descriptors) note(name, line string) {
	var made []string
	if m := returns.FindStringSubmatch(line); m != nil {
		made = m[1:]
	}
	switch name {
	case "socket", "accept4":
		d.set(made, strings.Contains(line, "SOCK_NONBLOCK"), nonblocking)
	case "eventfd2", "timerfd_create":
		d.set(made, strings.Contains(line, "NONBLOCK"), nonblocking)
	case "pipe2":
		if m := pair.FindStringSubmatch(line); m != nil {
			d.set(m[1:], strings.Contains(line, "O_NONBLOCK"), nonblocking)
		}
	case "openat":
		d.set(made, true, file)
	case "close":
		if m := first.FindStringSubmatch(line); m != nil {
			delete(d, m[1])
		}
	}
}

// set records that the descriptors are of kind k, or may block if is is false.
func (d descriptors) set(made []string, is bool, k kind) {
	if !is {
		k = blocking
	}
	for _, fd := range made {
		d[fd] = k
	}
}

// mayBlock reports whether a call of waits can block.
func (d descriptors) mayBlock(name, line string) bool {
	m := first.FindStringSubmatch(line)
	switch {
	case strings.Contains(line, "MSG_DONTWAIT"):
		return false
	case m == nil, name == "poll", name == "ppoll", name == "select", name == "pselect6":
		return true
	case name == "write" && (m[1] == "1" || m[1] == "2"):
		return false // output of the program for its user
	}
	return d[m[1]] == blocking
}

// isFile reports whether a call is for a file. Package os makes files blocking that its poller
// refuses, such as the hosts file.
func (d descriptors) isFile(line string) bool {
	m := first.FindStringSubmatch(line)
	return m != nil && d[m[1]] == file
}

// joinCalls returns the calls of a trace, one per line. strace splits a call in two lines if
// another thread makes a call meanwhile. joinCalls omits calls that had not returned when the
// process ended. A close takes the place where it began.
func joinCalls(text string) (calls []string) {
	begun := map[string]string{} // by thread
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if begin, ok := strings.CutSuffix(line, "<unfinished ...>"); ok {
			thread, _, _ := strings.Cut(line, " ")
			begun[thread] = begin
			if m := call.FindStringSubmatch(begin); m != nil && m[1] == "close" {
				// The number is free from now on: another thread may get it before close returns.
				calls = append(calls, begin)
			}
			continue
		}
		if m := resumed.FindStringSubmatch(line); m != nil {
			line = begun[m[1]] + m[2]
			if m := call.FindStringSubmatch(line); m != nil && m[1] == "close" {
				continue
			}
		}
		calls = append(calls, line)
	}
	return calls
}

// faults returns a sentence for each forbidden call in the trace.
func faults(text string) (found []string) {
	seen := map[string]int{}
	fds := descriptors{}
	for _, line := range joinCalls(text) {
		m := call.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		name := m[1]
		seen[name]++
		if waits[name] && fds.mayBlock(name, line) {
			found = append(found, "a call that can block: "+line)
		}
		fds.note(name, line)
		switch {
		case name == "socket" && strings.Contains(line, "AF_INET"), name == "accept4":
			if !strings.Contains(line, "SOCK_NONBLOCK") || !strings.Contains(line, "SOCK_CLOEXEC") {
				found = append(found, "a socket that is not created non-blocking and close-on-exec: "+line)
			}
		case name == "accept":
			found = append(found, "accept has no flags: "+line)
		case name == "fcntl" && strings.Contains(line, "F_SETFL") && !strings.Contains(line, "O_NONBLOCK") && !fds.isFile(line):
			found = append(found, "a descriptor is made blocking: "+line)
		}
	}
	if seen["accept4"] < 20 || seen["epoll_wait"]+seen["epoll_pwait"]+seen["epoll_pwait2"] == 0 ||
		seen["recvfrom"]+seen["read"]+seen["readv"]+seen["recvmsg"] < 40 {
		found = append(found, fmt.Sprintf("the trace does not show the load: %v", seen))
	}
	return found
}

func TestFaultsOfATraceAreFound(t *testing.T) {
	good := "7 socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC|SOCK_NONBLOCK, IPPROTO_TCP) = 3\n" +
		strings.Repeat("7 accept4(3, 0x1, [16], SOCK_CLOEXEC|SOCK_NONBLOCK) = 9\n", 20) +
		strings.Repeat("7 recvfrom(9, \"x\", 1, MSG_DONTWAIT, NULL, NULL) = 1\n", 40) +
		"7 epoll_pwait(4, [], 128, -1, NULL, 0) = 0\n8 futex(0x1, FUTEX_WAIT) = 0\n" +
		"7 eventfd2(0, EFD_CLOEXEC|EFD_NONBLOCK) = 5\n7 write(5, \"x\", 8) = 8\n7 write(1, \"listening\", 9) = 9\n" +
		"7 openat(AT_FDCWD, \"/proc/x\", O_RDONLY) = 6\n7 fcntl(6, F_SETFL, O_RDONLY|O_LARGEFILE) = 0\n7 read(6, \"x\", 20) = 1\n7 close(6) = 0\n" +
		"7 pipe2([10, 11], O_NONBLOCK|O_CLOEXEC) = 0\n7 read(10, \"x\", 1) = 1\n" +
		"7 fcntl(3, F_SETFL, O_RDWR|O_NONBLOCK) = 0\n7 read(9 <unfinished ...>\n"
	if found := faults(good); len(found) > 0 {
		t.Errorf("got %q of a good trace", found)
	}
	if found := faults(""); len(found) != 1 {
		t.Errorf("got %q of an empty trace", found)
	}
	for _, bad := range []string{
		"7 read(6, \"x\", 20) = 1",
		"7 read(12,  <unfinished ...>\n8 futex(0x1, FUTEX_WAKE) = 0\n7 <... read resumed>\"x\", 1) = 1",
		"7 pipe2([12, 13], O_CLOEXEC) = 0\n7 write(13, \"x\", 1) = 1",
		"7 ppoll([{fd=9, events=POLLIN}], 1, NULL, NULL, 0) = 1",
		"7 socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP) = 14",
		"7 accept4(3,  <unfinished ...>\n7 <... accept4 resumed>0x1, [16], SOCK_NONBLOCK) = 9",
		"7 accept(3, 0x1, [16]) = 9",
		"7 fcntl(3, F_SETFL, O_RDWR) = 0",
	} {
		if found := faults(good + bad + "\n"); len(found) != 1 {
			t.Errorf("got %q of\n%s", found, bad)
		}
	}
}
