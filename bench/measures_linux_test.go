package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/bench/buffers"
	"github.com/edgewise-go/edgewise/bench/internal/strategy"
	"github.com/stretchr/testify/require"
)

func TestFairness(t *testing.T) {
	t.Parallel()
	out := succeed(t, "fair", "--echo", echoProgram(t), "--rounds", "1", "-d", "100ms", "-c", "3", "--queue", "poll", "--mode", "level", "--task", "coroutine,handler")
	needRows(t, out, "poll level coroutine", "poll level handler")
}

func TestSlowPeers(t *testing.T) {
	t.Parallel()
	out := succeed(t, "slow", "--echo", echoProgram(t), "-c", "5", "--served", "2", "-d", "400ms", "--sample", "50ms", "--quiet", "200ms", "--queue", "epoll")
	needRows(t, out, "epoll edge coroutine", "epoll edge handler")
}

func TestIdleConnections(t *testing.T) {
	t.Parallel()
	out := succeed(t, "idle", "--echo", echoProgram(t), "--report", "20ms", "-c", "10", "--tls", "5", "--registrations", "1000")
	needRows(t, out, "edgewise, handlers 10", "edgewise, coroutines 10", "package net, goroutines 10", "edgewise, TLS, handlers 5", "edgewise, TLS, coroutines 5", "package net, TLS, goroutines 5",
		"idle: 1000 handlers")
}

// longEnough runs a measure of servers with turns of d, and with longer ones if a busy machine
// needs them.
func longEnough(t *testing.T, d time.Duration, args ...string) string {
	t.Helper()
	for ; ; d *= 4 {
		r := run(t, append(args, "--rounds", "1", "-d", d.String(), "-c", "5", "--echo", echoProgram(t))...)
		if r.code == 0 {
			return r.stdout
		}
		if !strings.Contains(r.stderr, "want a longer --duration") || d > runPatience/8 {
			t.Fatalf("bench %s: got %v", strings.Join(args, " "), r)
		}
	}
}

func TestForms(t *testing.T) {
	t.Parallel()
	out := longEnough(t, 300*time.Millisecond, "forms", "--queue", "epoll", "--mode", "oneshot")
	needRows(t, out, "epoll oneshot coroutine", "epoll oneshot handler")
}

// The servers are stopped before their profiles are read, or those would be empty.
func TestProfile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "default.pgo")
	r := run(t, "profile", "-d", "200ms", "--write", path)
	for d := time.Second; strings.Contains(r.stderr, "want a longer --duration") && d <= runPatience/32; d *= 4 {
		r = run(t, "profile", "-d", d.String(), "--write", path)
	}
	require.Zero(t, r.code, "%v", r)
	require.Regexp(t, "wrote .*default.pgo: (6|12) profiles", r.stdout)
	written, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NotEmpty(t, written)
}

// Every peer echoes. The server in C needs a compiler, and netpoll does not compile on every
// processor; both are printed if they are omitted.
func TestEcho(t *testing.T) {
	t.Parallel()
	out := longEnough(t, 50*time.Millisecond, "echo")
	for _, name := range []string{"C, epoll", "netpoll"} {
		if !strings.Contains(out, "skipped "+name) {
			needRows(t, out, name+" [0-9]")
		}
	}
	needRows(t, out, "Go, package net [0-9]", "gnet [0-9]", "nbio [0-9]", "edgewise, handlers, epoll/readiness [0-9]", "edgewise, coroutines, iouring/completion [0-9]", `\(to `)
}

// Each mechanism and each mode, but not in all combinations: system calls are counted under strace,
// which is slow.
func TestQueues(t *testing.T) {
	t.Parallel()
	modes := strategy.ModeNames()
	for i, mechanism := range queues(t) {
		mode := modes[i%len(modes)]
		out := succeed(t, "queue", "--rounds", "1", "-n", "400", "--queue", mechanism, "--mode", mode)
		needRows(t, out, mechanism+" "+mode)
	}
}

func TestBuffers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	figures := filepath.Join(dir, "figures.json")
	out := succeed(t, "buffers", "--rounds", "1", "-d", "1ms", "-c", "200", "--count", "200000", "--workload", "requests,proxy", "--burst", "300", "--sockets", "0", "--live", "4000000", "--plots", dir, "--json", figures, "--markdown")
	needRows(t, out, "chain", "perloop", "netpoll", "PASS chain", "PASS perloop", "requests ", `\| .netpoll. \|`)
	text, err := os.ReadFile(figures)
	require.NoError(t, err)
	var got struct {
		Rows []struct {
			Workload, Subject string
			Nanos             float64 `json:"ns_per_message"`
		}
	}
	require.NoError(t, json.Unmarshal(text, &got))
	if len(got.Rows) != 2*len(buffers.Subjects()) || got.Rows[0].Nanos <= 0 {
		t.Errorf("got %+v", got)
	}
}

func TestBurst(t *testing.T) {
	t.Parallel()
	out := succeed(t, "burst", "--burst", "0", "--sockets", "300", "--bytes", "8192", "--live", "1000000", "--buffer", "fixed,chain,perloop")
	needRows(t, out, "fixed 3 ", "chain 3 ", "perloop 3 ", "PASS chain gives back", "PASS perloop gives back")
}

func TestDeferredWorkIsReportedOnce(t *testing.T) {
	t.Parallel()
	out := succeed(t, "defer", "--sources", "50", "--turn", "1ms", "--work", "100us")
	for _, mechanism := range queues(t) {
		for _, mode := range strategy.ModeNames() {
			for _, scheduler := range strategy.Schedulers() {
				needRows(t, out, mechanism+" "+mode+" "+scheduler)
			}
		}
	}
}
