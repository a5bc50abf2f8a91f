//go:build unix

package main

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/apps/internal/apptest"
	"github.com/stretchr/testify/require"
)

// runLoad makes conns connections send n messages each, all of which must come back. The durations
// only end a hang.
func runLoad(t *testing.T, addr string, conns, n int, args ...string) {
	t.Helper()
	args = append([]string{"load", "-addr", addr, "-c", strconv.Itoa(conns), "-n", strconv.Itoa(n), "-d", "80s", "-grace", "1s"}, args...)
	r := program.Run(t, "", nil, args...)
	if r.Code != 0 || r.Stderr != "" || !strings.HasPrefix(r.Stdout, fmt.Sprintf("%d messages ", conns*n)) || !strings.Contains(r.Stdout, ", 0 failed") {
		t.Errorf("%v: got exit code %d, %q, %q, want %d messages", args, r.Code, r.Stdout, r.Stderr, conns*n)
	}
}

// Every form and mode, every mechanism and scheduler, every buffer, and every way to move bytes.
func TestEveryStrategyEchoes(t *testing.T) {
	buffers := []string{"fixed", "grow", "ring", "mirrored", "chain", "adaptive", "perloop"}
	loops := map[string]int{"single": 1, "sharded": 2, "shared": 3, "stealing": 3}
	valid := func(row []string) bool {
		concurrent := row[0] == "shared" || row[0] == "stealing"
		return !concurrent || row[4] != "perloop"
	}
	schedulers := []string{"single", "sharded", "shared", "stealing"}
	for _, row := range apptest.Combinations(valid, schedulers, []string{"coroutine", "handler"}, []string{"edge", "level", "oneshot"}, apptest.Queues(t), buffers, apptest.Ways()) {
		t.Run(apptest.Name(row), func(t *testing.T) {
			t.Parallel()
			common := []string{"-sched", row[0], "-loops", strconv.Itoa(loops[row[0]]), "-mode", row[2], "-queue", row[3], "-io", row[5]}
			server := program.Serve(t, nil, append([]string{"serve", "-addr", "127.0.0.1:0", "-task", row[1], "-buffer", row[4]}, common...)...)
			runLoad(t, server.Addr, 10, 80, append(common, "-s", "3000", "-p", "40")...) // more than a buffer holds, and an odd number
			halfClose(t, server.Addr, 1<<20)
			if r := server.Stop(0); r.Stderr != "" {
				t.Errorf("the server reported %s", r.Stderr)
			}
		})
	}
}

func TestAutoIsExplained(t *testing.T) {
	server := program.Serve(t, nil, "serve", "-addr", "127.0.0.1:0")
	out := server.Stop(0).Stdout
	for _, option := range []string{"-queue", "-io"} {
		require.Regexp(t, "(?m)^auto: "+option+" [a-z]+: .+$", out)
	}
	server = program.Serve(t, nil, "serve", "-addr", "127.0.0.1:0", "-queue", "poll", "-io", "readiness")
	require.NotContains(t, server.Stop(0).Stdout, "auto:")
}

func TestProcessorTimeIsProfiled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cpu.pprof")
	server := program.Serve(t, nil, "serve", "-addr", "127.0.0.1:0", "-cpuprofile", path)
	runLoad(t, server.Addr, 4, 100)
	server.Stop(0)
	written, err := os.ReadFile(path)
	require.NoError(t, err)
	require.True(t, bytes.HasPrefix(written, []byte{0x1f, 0x8b}), "a profile is compressed by gzip")

	r := program.Run(t, "", nil, "serve", "-addr", "127.0.0.1:0", "-cpuprofile", filepath.Join(path, "under a file"))
	require.Equal(t, 1, r.Code)
	require.Regexp(t, "^echo: -cpuprofile: open .*: not a directory\n$", r.Stderr)
}

func TestSeveralLoopsEcho(t *testing.T) {
	for _, flags := range [][]string{
		{"-loops", "2"}, {"-loops", "0"}, {"-loops", "1", "-sched", "sharded"},
		{"-loops", "1", "-sched", "shared", "-buffer", "perloop"}, {"-loops", "1", "-sched", "stealing", "-buffer", "perloop"},
	} {
		t.Run(strings.Join(flags, " "), func(t *testing.T) {
			t.Parallel()
			server := program.Serve(t, nil, append([]string{"serve", "-addr", "127.0.0.1:0"}, flags...)...)
			runLoad(t, server.Addr, 100, 10)
			runLoad(t, server.Addr, 33, 10, "-loops", "2", "-s", "10000", "-p", "3")
			server.Stop(0)
		})
	}
}

// halfClose sends n bytes and ends the stream, and expects both back.
func halfClose(t *testing.T, addr string, n int) {
	t.Helper()
	sent := make([]byte, n)
	rand.Read(sent)
	c := dial(t, addr)
	go func() {
		c.Write(sent) // an error shows as bytes that do not come back
		c.CloseWrite()
	}()
	got, err := io.ReadAll(c)
	if err != nil || !bytes.Equal(got, sent) {
		t.Errorf("got %d bytes, %v back, want the %d sent bytes and the end", len(got), err, n)
	}
}

func TestServesBothFamiliesOnTheUnspecifiedAddress(t *testing.T) {
	t.Parallel()
	for _, loops := range []string{"1", "2"} {
		server := program.Serve(t, nil, "serve", "-addr", ":0", "-loops", loops)
		_, port, err := net.SplitHostPort(server.Addr)
		require.NoError(t, err)
		for range 4 { // with several loops, the kernel chooses one for each connection
			ping(t, dial(t, "127.0.0.1:"+port), "four")
			ping(t, dial(t, "localhost:"+port), "any")
		}
	}
}

func TestServesOnAHostName(t *testing.T) {
	t.Parallel()
	server := program.Serve(t, nil, "serve", "-addr", "localhost:0")
	ping(t, dial(t, server.Addr), "hello")
}

func TestSlowReaderStopsNobody(t *testing.T) {
	t.Parallel()
	for _, task := range []string{"coroutine", "handler"} {
		server := program.Serve(t, nil, "serve", "-addr", "127.0.0.1:0", "-task", task)
		slow := dial(t, server.Addr)
		// Write until the server takes no more, because this client reads nothing.
		slow.SetWriteDeadline(time.Now().Add(300 * time.Millisecond))
		sent, err := slow.ReadFrom(io.LimitReader(zeros{}, 1<<30))
		if err == nil {
			t.Fatalf("%s: the server took %d bytes without sending any back", task, sent)
		}
		other := dial(t, server.Addr)
		for range 100 {
			ping(t, other, "hello")
		}
		// The client gets all of it in the end.
		slow.CloseWrite()
		if n, err := io.Copy(io.Discard, slow); err != nil || n != sent {
			t.Errorf("%s: got %d bytes, %v, want %d", task, n, err, sent)
		}
		slow.Close()
		other.Close()
		server.Stop(0)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func TestGreedyPeerStopsNobody(t *testing.T) {
	t.Parallel()
	for _, task := range []string{"coroutine", "handler"} {
		server := program.Serve(t, nil, "serve", "-addr", "127.0.0.1:0", "-task", task)
		greedy := dial(t, server.Addr)
		var done sync.WaitGroup
		done.Go(func() { io.Copy(greedy, zeros{}) })
		done.Go(func() { io.Copy(io.Discard, greedy) })
		other := dial(t, server.Addr)
		for range 100 {
			ping(t, other, "hello")
		}
		other.Close()
		greedy.Close()
		done.Wait()
		server.Stop(0)
	}
}

func TestReportsAndEndsBetweenTwo(t *testing.T) {
	t.Parallel()
	server := program.Serve(t, nil, "serve", "-addr", "127.0.0.1:0", "-grace", "1h", "-report", "1h")
	apptest.Until(t, patience, "a report", func() bool { return strings.Contains(server.Stderr(), "tasks=") })
	server.Stop(0)
	server = program.Serve(t, nil, "serve", "-addr", "127.0.0.1:0", "-grace", "1h", "-report", "5ms", "-loops", "2")
	apptest.Until(t, patience, "several reports", func() bool { return strings.Count(server.Stderr(), "tasks=") > 3 })
	server.Stop(0)
}

func TestServeEndsOnSIGTERM(t *testing.T) {
	for _, flags := range [][]string{
		nil, {"-task", "handler"}, {"-loops", "2"}, {"-loops", "2", "-sched", "shared"}, {"-loops", "2", "-sched", "stealing", "-task", "handler"},
	} {
		t.Run(strings.Join(flags, " "), func(t *testing.T) {
			t.Parallel()
			endsOnSIGTERM(t, flags)
		})
	}
}

func endsOnSIGTERM(t *testing.T, flags []string) {
	// Without connections, the server ends at once.
	server := program.Serve(t, nil, append([]string{"serve", "-addr", "127.0.0.1:0", "-grace", "1h"}, flags...)...)
	server.Stop(0)

	// A connection continues within the grace, and new ones are refused.
	server = program.Serve(t, nil, append([]string{"serve", "-addr", "127.0.0.1:0", "-grace", "1h"}, flags...)...)
	c := dial(t, server.Addr)
	ping(t, c, "before")
	server.Signal(terminate)
	untilRefused(t, server.Addr)
	ping(t, c, "after")
	c.CloseWrite()
	if rest, err := io.ReadAll(c); err != nil || len(rest) > 0 {
		t.Errorf("%v: got %q, %v, want the end", flags, rest, err)
	}
	c.Close()
	if r := server.Wait(patience); r.Code != 0 {
		t.Errorf("%v: got exit code %d, want 0; stderr: %s", flags, r.Code, r.Stderr)
	}

	// The server cuts a connection that does not end within the grace.
	server = program.Serve(t, nil, append([]string{"serve", "-addr", "127.0.0.1:0", "-grace", "100ms"}, flags...)...)
	c = dial(t, server.Addr)
	ping(t, c, "before")
	if r := server.Stop(0); !strings.Contains(r.Stderr, "cut") {
		t.Errorf("%v: got %q on standard error, want a report of the cut", flags, r.Stderr)
	}
	if n, err := c.Read(make([]byte, 1)); err == nil || isTimeout(err) {
		t.Errorf("%v: got %d, %v, want the end", flags, n, err)
	}
}
