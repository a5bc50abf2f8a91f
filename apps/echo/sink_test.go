//go:build unix

package main

import (
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/edgewise-go/edgewise/apps/internal/apptest"
)

// A sink sends nothing before the end of the stream, and then the number of bytes.
func TestASinkAnswersWithTheNumberOfBytes(t *testing.T) {
	always := func([]string) bool { return true }
	for _, row := range apptest.Combinations(always, []string{"coroutine", "handler"}, []string{"edge", "level", "oneshot"}, apptest.Queues(t), []string{"readiness", "completion"}) {
		t.Run(apptest.Name(row), func(t *testing.T) {
			t.Parallel()
			server := program.Serve(t, nil, "serve", "-sink", "-addr", "127.0.0.1:0", "-task", row[0], "-mode", row[1], "-queue", row[2], "-io", row[3])
			var done sync.WaitGroup
			for _, n := range []int64{0, 1, 300_001, 5 << 20} {
				c := dial(t, server.Addr)
				done.Go(func() { drown(t, c, n) })
			}
			done.Wait()
			if r := server.Stop(0); r.Stderr != "" {
				t.Errorf("the server reported %s", r.Stderr)
			}
		})
	}
}

// drown sends n bytes and ends the stream, and expects their number back.
func drown(t *testing.T, c *net.TCPConn, n int64) {
	sent, err := io.Copy(c, io.LimitReader(zeros{}, n))
	if err != nil || sent != n {
		t.Errorf("sent %d bytes, %v, want %d", sent, err, n)
	}
	c.CloseWrite()
	got, err := io.ReadAll(c)
	if want := fmt.Sprintf("%d\n", n); err != nil || string(got) != want {
		t.Errorf("got %q, %v, want %q", strings.TrimSpace(string(got)), err, want)
	}
}
