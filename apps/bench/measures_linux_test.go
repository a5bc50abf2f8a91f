package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/apps/bench/buffers"
	"github.com/edgewise-go/edgewise/apps/internal/apptest"
)

// needRows fails the test unless for each element of rows a line begins with its words, in their
// order.
func needRows(t *testing.T, out string, rows ...string) {
	t.Helper()
	for _, row := range rows {
		if !regexp.MustCompile(`(?m)^ *` + strings.ReplaceAll(row, " ", ` +`)).MatchString(out) {
			t.Errorf("got no row %q:\n%s", row, out)
		}
	}
}

func TestFairness(t *testing.T) {
	t.Parallel()
	out := succeed(t, "fair", "-echo", echoProgram(t), "-rounds", "1", "-d", "100ms", "-c", "3", "-queue", "poll", "-mode", "level", "-task", "coroutine,handler")
	needRows(t, out, "poll level coroutine", "poll level handler")
}

func TestSlowPeers(t *testing.T) {
	t.Parallel()
	out := succeed(t, "slow", "-echo", echoProgram(t), "-c", "5", "-served", "2", "-d", "400ms", "-sample", "50ms", "-quiet", "200ms", "-queue", "epoll")
	needRows(t, out, "epoll edge coroutine", "epoll edge handler")
}

func TestIdleConnections(t *testing.T) {
	t.Parallel()
	out := succeed(t, "idle", "-echo", echoProgram(t), "-report", "20ms", "-c", "10", "-tls", "5", "-registrations", "1000")
	needRows(t, out, "edgewise, handlers 10", "edgewise, coroutines 10", "package net, goroutines 10", "edgewise, TLS, handlers 5", "edgewise, TLS, coroutines 5", "package net, TLS, goroutines 5",
		"idle: 1000 handlers")
}

func TestForms(t *testing.T) {
	t.Parallel()
	// A turn is long enough for a busy machine to get a message through.
	d := 300 * time.Millisecond
	for {
		r := program.Run(t, ".", nil, "forms", "-echo", echoProgram(t), "-rounds", "1", "-d", d.String(), "-c", "5", "-queue", "epoll", "-mode", "oneshot")
		if r.Code == 0 {
			needRows(t, r.Stdout, "epoll oneshot coroutine", "epoll oneshot handler")
			return
		}
		if d *= 4; !strings.Contains(r.Stderr, "no message came back") || d > apptest.RunTimeout/4 {
			t.Fatalf("got exit code %d, %s\n%s", r.Code, r.Stderr, r.Stdout)
		}
	}
}

func TestBuffers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	figures := filepath.Join(dir, "figures.json")
	out := succeed(t, "buffers", "-rounds", "1", "-d", "1ms", "-c", "200", "-count", "200000", "-workload", "requests,proxy", "-burst", "300", "-sockets", "0", "-live", "4000000", "-plots", dir, "-json", figures, "-markdown")
	needRows(t, out, "chain", "perloop", "netpoll", "PASS chain", "PASS perloop", "requests ", `\| .netpoll. \|`)
	text, err := os.ReadFile(figures)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Rows []struct {
			Workload, Subject string
			Nanos             float64 `json:"ns_per_message"`
		}
	}
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Rows) != 2*len(buffers.Subjects()) || got.Rows[0].Nanos <= 0 {
		t.Errorf("got %+v", got)
	}
}

func TestBurst(t *testing.T) {
	t.Parallel()
	out := succeed(t, "burst", "-burst", "0", "-sockets", "300", "-bytes", "8192", "-live", "1000000", "-buffer", "fixed,chain,perloop")
	needRows(t, out, "fixed 3 ", "chain 3 ", "perloop 3 ", "PASS chain gives back", "PASS perloop gives back")
}

func TestMisuseIsOneLine(t *testing.T) {
	t.Parallel()
	var table []apptest.Misuse
	for _, word := range []string{"defer", "fair", "slow", "idle", "forms", "buffers", "burst"} {
		program.CheckHelp(t, word, "-h")
		table = append(table,
			apptest.Misuse{Args: []string{word, "-x"}, Code: 2, Says: "-x"},
			apptest.Misuse{Args: []string{word, "extra"}, Code: 2, Says: `"extra"`})
	}
	program.CheckMisuse(t, append(table,
		apptest.Misuse{Args: []string{"defer", "-sched", "x"}, Code: 2, Says: "-sched x: unknown"},
		apptest.Misuse{Args: []string{"defer", "-queue", "x"}, Code: 2, Says: "-queue x"},
		apptest.Misuse{Args: []string{"defer", "-sources", "0"}, Code: 2, Says: "more than 0"},
		apptest.Misuse{Args: []string{"fair", "-rounds", "0"}, Code: 2, Says: "more than 0"},
		apptest.Misuse{Args: []string{"slow", "-d", "1ms"}, Code: 2, Says: "eight samples"},
		apptest.Misuse{Args: []string{"slow", "-quiet", "0s"}, Code: 2, Says: "eight samples"},
		apptest.Misuse{Args: []string{"idle", "-c", "0"}, Code: 2, Says: "more than 0"},
		apptest.Misuse{Args: []string{"idle", "-server", "x"}, Code: 2, Says: "-server x"},
		apptest.Misuse{Args: []string{"buffers", "-buffer", "x"}, Code: 2, Says: "-buffer x"},
		apptest.Misuse{Args: []string{"buffers", "-workload", "x"}, Code: 2, Says: "-workload x"},
		apptest.Misuse{Args: []string{"buffers", "-c", "0"}, Code: 2, Says: "more than 0"},
		apptest.Misuse{Args: []string{"burst", "-buffer", "bufio"}, Code: 2, Says: "-buffer bufio"},
		apptest.Misuse{Args: []string{"burst", "-live", "1"}, Code: 2, Says: "-live"},
		apptest.Misuse{Args: []string{"forms", "-d", "1ms"}, Code: 2, Says: "at least"},
	))
}
