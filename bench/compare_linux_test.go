package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/edgewise-go/edgewise/bench/compare"
	"github.com/edgewise-go/edgewise/bench/internal/process"
)

// Each kind of load, on the servers that need no build besides the echo program.
func TestCompare(t *testing.T) {
	t.Parallel()
	figures := filepath.Join(t.TempDir(), "figures.json")
	var out string
	for d := 100 * time.Millisecond; ; d *= 4 {
		r := run(t, "compare", "--rounds", "1", "-d", d.String(), "--idle", "20", "--json", figures, "--echo", echoProgram(t),
			"--only", "few,churn,paced,sink,idle,net,handlers,coroutines")
		out = r.stdout
		if r.code == 0 && !strings.Contains(out, "failed ") {
			break
		}
		// A busy machine needs longer turns.
		if !strings.Contains(out, "want a longer --duration") || d > runPatience/32 {
			t.Fatalf("got %v", r)
		}
	}
	needRows(t, out, "comparing 3 servers at 5 loads", "one way, 4 connections, per 64 KiB", "Go package net [0-9]", "edgewise handlers epoll/readiness [0-9]", "edgewise coroutines epoll/readiness [0-9]")
	text, err := os.ReadFile(figures)
	require.NoError(t, err)
	var got compare.Result
	require.NoError(t, json.Unmarshal(text, &got))
	turns, counted := map[string]int{}, 0
	for _, s := range got.Samples {
		if s.SystemCalls > 0 {
			counted++
		}
		if s.CPU > 0 && s.Rate > 0 || s.Work == "idle" {
			turns[s.Work]++
		}
		if s.CPU > 0 && s.Work != "sink" && (s.P50 <= 0 || s.P999 < s.P99 || s.P99 < s.P50) {
			t.Errorf("got latencies %+v", s)
		}
	}
	for _, w := range got.Works {
		if turns[w.Word] != len(got.Servers) {
			t.Errorf("%s: got %d turns, want one of each of %d servers", w.Word, turns[w.Word], len(got.Servers))
		}
	}
	// Counting needs rights. Without them, the reason is recorded.
	if want := (len(got.Works) - 1) * len(got.Servers); got.Uncounted == "" && counted != want {
		t.Errorf("got system calls of %d turns, want %d", counted, want)
	}
	// The figures can be printed again without measuring.
	if again := succeed(t, "compare", "--from", figures, "--markdown"); !strings.Contains(again, "| load | Go<br>package net |") {
		t.Errorf("got %s", again)
	}
}

// The load notices a server that sends something back instead of discarding it.
func TestAFloodNeedsASink(t *testing.T) {
	t.Parallel()
	for _, sink := range []bool{false, true} {
		server := serve(t, process.Group, "net-server", "--sink="+strconv.FormatBool(sink))
		// Without a sink, the duration only ends a hang.
		d := map[bool]string{false: runPatience.String(), true: "50ms"}[sink]
		r := run(t, process.Group, "compare-load", "--kind", "flood", "--addr", server, "-s", "1000", "-c", "2", "-d", d)
		if sink && (r.code != 0 || !strings.Contains(r.stdout, `"messages":`)) {
			t.Errorf("sink: got %v", r)
		}
		if !sink && (r.code != 1 || !strings.Contains(r.stderr, "sent something back")) {
			t.Errorf("echo: got %v, want that the server sent something back", r)
		}
	}
}
