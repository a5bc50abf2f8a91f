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
)

// Under load no thread of the server waits in the kernel for more than 50 ms but in epoll_wait, or where the Go runtime parks threads
// that have nothing to do; every socket is non-blocking and close-on-exec from birth; and none is made blocking.
func TestNoSystemCallBlocks(t *testing.T) {
	strace := apptest.Need(t, "strace")
	for _, flags := range [][]string{{"-task", "coroutine"}, {"-task", "handler"}, {"-loops", "2", "-mode", "level"}} {
		trace := filepath.Join(t.TempDir(), "trace")
		// -T puts the time in the call at the end of each line, in seconds. Signals of the runtime itself are left out.
		via := []string{strace, "-f", "-qq", "-T", "-e", "signal=none", "-o", trace}
		server := program.Serve(t, via, append([]string{"serve", "-addr", "127.0.0.1:0"}, flags...)...)
		runLoad(t, server.Addr, "-c", "20", "-s", "1000", "-d", "700ms")
		// The signal is for the server, not for strace, which ends with it.
		stopTraced(t, server)
		text, err := os.ReadFile(trace)
		if err != nil {
			t.Fatal(err)
		}
		for _, fault := range faults(string(text)) {
			t.Error(fault)
		}
	}
}

// stopTraced ends the one child of strace, and with it strace.
func stopTraced(t *testing.T, p *apptest.Process) {
	t.Helper()
	pid := strconv.Itoa(p.PID())
	text, err := os.ReadFile("/proc/" + pid + "/task/" + pid + "/children")
	if err != nil {
		t.Fatal(err)
	}
	child, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatalf("children of strace: %q: %v", text, err)
	}
	process, err := os.FindProcess(child)
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Signal(terminate); err != nil {
		t.Fatal(err)
	}
	if r := p.Wait(apptest.StopTimeout); r.Code != 0 {
		t.Errorf("got exit code %d, %s", r.Code, r.Stderr)
	}
}

var (
	call    = regexp.MustCompile(`^\d+ +(\w+)\(`)
	resumed = regexp.MustCompile(`^(\d+) +<\.\.\. \w+ resumed>(.*)`)
	seconds = regexp.MustCompile(`<(\d+\.\d+)>$`)
)

// blockedMax is how long a call that does not wait may take on a machine that is busy with other things.
const blockedMax = 0.05

// mayWait are the calls in which a thread may stay: the event queue, and where Go's scheduler, its monitor and its network poller (the
// one epoll of which is the runtime's own) put threads that have nothing to do.
var mayWait = map[string]bool{
	"epoll_wait": true, "epoll_pwait": true, "epoll_pwait2": true,
	"futex": true, "nanosleep": true, "clock_nanosleep": true, "sched_yield": true, "rt_sigtimedwait": true,
}

// waits are the calls that wait on a descriptor that blocks, or that are there to wait.
var waits = map[string]bool{
	"read": true, "readv": true, "recvfrom": true, "recvmsg": true, "write": true, "writev": true, "sendto": true, "sendmsg": true,
	"accept": true, "accept4": true, "connect": true, "poll": true, "ppoll": true, "select": true, "pselect6": true,
}

// joinCalls returns the calls of a trace, a line each: one during which another thread made a call is written in two parts. Those that
// had not returned when the process ended are left out.
func joinCalls(text string) (calls []string) {
	begun := map[string]string{} // by thread
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if begin, ok := strings.CutSuffix(line, "<unfinished ...>"); ok {
			thread, _, _ := strings.Cut(line, " ")
			begun[thread] = begin
			continue
		}
		if m := resumed.FindStringSubmatch(line); m != nil {
			line = begun[m[1]] + m[2]
		}
		calls = append(calls, line)
	}
	return calls
}

// faults returns a sentence for each call in the trace that should not be.
func faults(text string) (found []string) {
	seen := map[string]int{}
	for _, line := range joinCalls(text) {
		m := call.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		name := m[1]
		seen[name]++
		if took := seconds.FindStringSubmatch(line); took != nil && waits[name] && !mayWait[name] {
			if s, err := strconv.ParseFloat(took[1], 64); err != nil || s > blockedMax {
				found = append(found, "a thread was blocked: "+line)
			}
		}
		switch {
		case name == "socket" && strings.Contains(line, "AF_INET"), name == "accept4":
			if !strings.Contains(line, "SOCK_NONBLOCK") || !strings.Contains(line, "SOCK_CLOEXEC") {
				found = append(found, "a socket that is not non-blocking and close-on-exec from birth: "+line)
			}
		case name == "accept":
			found = append(found, "accept has no flags: "+line)
		case name == "fcntl" && strings.Contains(line, "F_SETFL") && !strings.Contains(line, "O_NONBLOCK"):
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
	good := strings.Repeat("7 accept4(3, 0x1, [16], SOCK_CLOEXEC|SOCK_NONBLOCK) = 9 <0.000010>\n", 20) +
		strings.Repeat("7 recvfrom(9, \"x\", 1, 0, NULL, NULL) = 1 <0.000010>\n", 40) +
		"7 epoll_pwait(4, [], 128, -1, NULL, 0) = 0 <0.500000>\n8 futex(0x1, FUTEX_WAIT) = 0 <3.000000>\n" +
		"7 socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC|SOCK_NONBLOCK, IPPROTO_TCP) = 3 <0.000010>\n" +
		"7 fcntl(3, F_SETFL, O_RDWR|O_NONBLOCK) = 0 <0.000010>\n7 read(9 <unfinished ...>\n"
	if found := faults(good); len(found) > 0 {
		t.Errorf("got %q of a good trace", found)
	}
	if found := faults(""); len(found) != 1 {
		t.Errorf("got %q of an empty trace", found)
	}
	for _, bad := range []string{
		"7 recvfrom(9, \"x\", 1, 0, NULL, NULL) = 1 <0.060000>",
		"7 read(9,  <unfinished ...>\n8 futex(0x1, FUTEX_WAKE) = 0 <0.000010>\n7 <... read resumed>\"x\", 1) = 1 <1.000000>",
		"7 socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP) = 3 <0.000010>",
		"7 accept4(3,  <unfinished ...>\n7 <... accept4 resumed>0x1, [16], SOCK_NONBLOCK) = 9 <0.000010>",
		"7 accept(3, 0x1, [16]) = 9 <0.000010>",
		"7 fcntl(3, F_SETFL, O_RDWR) = 0 <0.000010>",
	} {
		if found := faults(good + bad + "\n"); len(found) != 1 {
			t.Errorf("got %q of\n%s", found, bad)
		}
	}
}
