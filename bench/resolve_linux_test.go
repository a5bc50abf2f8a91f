package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// untilLongEnough runs a measure for d, and for longer if a busy machine has no time for what must
// happen meanwhile.
func untilLongEnough(t *testing.T, d time.Duration, args ...string) string {
	t.Helper()
	for ; ; d *= 4 {
		r := run(t, append(args, "-d", d.String())...)
		if r.code == 0 {
			return r.stdout
		}
		if d > runPatience/64 {
			t.Fatalf("bench %s: got %v", strings.Join(args, " "), r)
		}
	}
}

// The clients in C need a compiler, the library, or root. They are printed if they are omitted.
func TestResolveCost(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "figures.json")
	out := untilLongEnough(t, 100*time.Millisecond, "resolve", "cost", "--rounds", "1", "--outstanding", "4", "--warmup", "10ms", "--json", name)
	needRows(t, out, "edgewise, evented, connections of package net [0-9]", "edgewise, evented, connections of event loops [0-9]", "Go, net.Resolver, a goroutine per lookup [0-9]")
	for _, client := range []string{"C, getaddrinfo, a thread per lookup", "C, c-ares, one thread with epoll"} {
		if !strings.Contains(out, "skipped "+client) {
			needRows(t, out, client+" [0-9]")
		}
	}
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	var got struct {
		Clients []struct{ Turns []struct{ Lookups int } }
		Summary []struct {
			CPU float64 `json:"cpu_ns_per_lookup"`
		}
	}
	require.NoError(t, json.Unmarshal(text, &got))
	require.Len(t, got.Summary, 5)
	require.Positive(t, got.Summary[0].CPU)
	require.Positive(t, got.Clients[0].Turns[0].Lookups)
}

func TestResolveLimits(t *testing.T) {
	t.Parallel()
	out := untilLongEnough(t, 200*time.Millisecond, "resolve", "limits", "--outstanding", "300", "--hits", "200000")
	needRows(t, out, "cached name: [0-9]", "outstanding, answered after 1 s: [0-9]", "outstanding, never answered: [0-9]", "first of two servers dead: p50", "first lookup, first of two servers dead: p50",
		"half of the datagrams lost: [0-9]", "one datagram lost, known server: p50", "one datagram lost, first lookup: p50", "forged replies: [0-9]",
		"PASS a cached name needs no allocation", "PASS 300 lookups share", "PASS all of them are answered", "PASS forged replies change nothing")
}

func TestResolveSweep(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name := filepath.Join(dir, "figures.json")
	out := succeed(t, "resolve", "sweep", "--hits", "0,100", "--delay", "0s,1ms", "--users", "1,5", "-d", "20ms", "--warmup", "1ms", "--full", "--plots", dir, "--json", name)
	for _, row := range []string{"| 0% | 0s | 1 |", "| 0% | 1ms | 5 |", "| 100% | any | 5 |", "adaptive chose ", "| blocking |", "| pool-64 |"} {
		require.Contains(t, out, row)
	}
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	var got struct{ Rows []struct{ Strategy string } }
	require.NoError(t, json.Unmarshal(text, &got))
	require.Len(t, got.Rows, (2*2+2)*5)
	_, err = os.Stat(filepath.Join(dir, "strategies.svg"))
	require.NoError(t, err)
}
