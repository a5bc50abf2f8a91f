//go:build unix

package main

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/apps/internal/apptest"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"
)

// numbered answers n0.test, n1.test and so on, and names below other domains, with an address made
// of the number.
func numbered(q dnsmessage.Question) ([]dnsmessage.Resource, int) {
	digits, _, _ := strings.Cut(strings.TrimPrefix(q.Name.String(), "n"), ".")
	n, err := strconv.Atoi(digits)
	if err != nil {
		return nil, 3
	}
	if q.Type != dnsmessage.TypeA {
		return nil, 0
	}
	return []dnsmessage.Resource{{Header: dnsmessage.ResourceHeader{Name: q.Name, Class: dnsmessage.ClassINET, TTL: 300},
		Body: &dnsmessage.AResource{A: [4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)}}}}, 0
}

// listOf returns the names n0.test to that of n-1, and the table for them.
func listOf(n int) (list string, want []string) {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "n%d.test\n", i)
		want = append(want, fmt.Sprintf("n%d.test A 300 10.%d.%d.%d", i, i>>16, i>>8&255, i&255))
	}
	return b.String(), want
}

func TestEveryStrategyLooksUp(t *testing.T) {
	t.Parallel()
	v := serve(t, numbered)
	text, want := listOf(300)
	list := write(t, text)
	loops := []string{"-loops=1", "-loops=2", "-loops=2 -sched=shared", "-loops=2 -sched=stealing"}
	kinds := []string{"", "-t=A", "-tcp", "-unordered"}
	for _, row := range apptest.Combinations(nil, []string{"edge", "level", "oneshot"}, apptest.Queues(t), loops, kinds, apptest.Ways()) {
		t.Run(apptest.Name(row), func(t *testing.T) {
			t.Parallel()
			flags := append(strings.Fields(row[2]+" "+row[3]), "-mode", row[0], "-queue", row[1], "-io", row[4], "-i", list, "-timeout", noTimeout)
			got := table(look(t, v, 0, flags...))
			if row[3] == "-unordered" {
				slices.Sort(got)
				require.Equal(t, slices.Sorted(slices.Values(want)), got)
				return
			}
			require.Equal(t, want, got)
		})
	}
}

// The resolver of package net finds names of the hosts file.
func TestStrategiesOfPackageNet(t *testing.T) {
	t.Parallel()
	hosts := write(t, "198.51.100.1 in-file.test\n")
	for _, name := range []string{"pool", "blocking"} {
		r := program.Run(t, "", nil, "-resolve", name, "-hosts", hosts, "-4", "in-file.test", "localhost", "192.0.2.1")
		require.Equal(t, 0, r.Code, r.Stderr)
		require.Equal(t, []string{"in-file.test A - 198.51.100.1", "localhost A - 127.0.0.1", "192.0.2.1 A - 192.0.2.1"}, table(r))
	}
}

// Results are in the order of the names, whatever the order of the replies is. With -unordered they
// are printed as they arrive.
func TestOrder(t *testing.T) {
	t.Parallel()
	const names = 50
	text, want := listOf(names)
	list := write(t, text)
	for _, unordered := range []bool{false, true} {
		var last atomic.Bool // the last name was asked
		v := serve(t, func(q dnsmessage.Question) ([]dnsmessage.Resource, int) {
			switch q.Name.String() {
			case fmt.Sprintf("n%d.test.", names-1):
				last.Store(true)
			case "n0.test.":
				if !last.Load() {
					return nil, hold
				}
			}
			return numbered(q)
		})
		args := []string{"-t", "A", "-i", list, "-timeout", noTimeout}
		if unordered {
			// One place of two is free, so a name is asked after the answers of all before it
			// except the first.
			args = append(args, "-unordered", "-j", "2")
		}
		got := table(look(t, v, 0, args...))
		if unordered {
			require.Contains(t, got[len(got)-2:], want[0])
			slices.Sort(got)
			require.Equal(t, slices.Sorted(slices.Values(want)), got)
		} else {
			require.Equal(t, want, got)
		}
	}
}

// Names from a pipe are looked up while the pipe is open.
func TestNamesArriveOverTime(t *testing.T) {
	t.Parallel()
	v := serve(t, numbered)
	in, out, err := os.Pipe()
	require.NoError(t, err)
	defer in.Close()
	ended := make(chan apptest.Result)
	go func() {
		ended <- program.Run(t, "", in, "-server", v.addr, "-t", "A", "-timeout", noTimeout, "-i", "-")
	}()
	for i := range 3 {
		name := fmt.Sprintf("n%d.test", i)
		fmt.Fprintln(out, name)
		apptest.Until(t, apptest.RunTimeout, "a query for "+name, func() bool { return v.times("A "+name+".") > 0 })
	}
	out.Close()
	_, want := listOf(3)
	r := <-ended
	require.Equal(t, 0, r.Code, r.Stderr)
	require.Equal(t, want, table(r))
}

// An interrupt ends the run with a summary of what was done.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	v := serve(t, func(q dnsmessage.Question) ([]dnsmessage.Resource, int) {
		if q.Name.String() == "n2.test." {
			return nil, silence
		}
		return numbered(q)
	})
	text, want := listOf(5)
	for _, flags := range [][]string{{"-j", "4"}, {"-j", "4", "-loops", "2"}} {
		p := program.Start(t, "", append(flags, "-server", v.addr, "-t", "A", "-timeout", "1h", "-i", write(t, text))...)
		apptest.Until(t, apptest.RunTimeout, "the first names in the output", func() bool { return strings.Count(p.Stdout(), "\n") >= 2 })
		p.Signal(syscall.SIGINT)
		r := p.Wait(apptest.StopTimeout)
		require.Equal(t, 1, r.Code)
		got := table(r)
		require.Equal(t, want[:2], got[:2])
		require.NotContains(t, got, want[2])
		require.Contains(t, r.Stderr, fmt.Sprintf("%d names in ", len(got)))
		require.Contains(t, r.Stderr, fmt.Sprintf(": %d NOERROR; latency ", len(got)))
		require.True(t, strings.HasSuffix(r.Stderr, "lookup: interrupted\n"), r.Stderr)
		require.NotContains(t, r.Stderr, "canceled")
	}
}

// Lookups begin at the rate, on a virtual clock.
func TestPacer(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ rate, seconds int }{{1, 10}, {10, 10}, {1000, 10}, {100_000, apptest.Size(1, 10)}} {
		p, now, begun := newPacer(c.rate), time.Unix(1, 0), 0
		for end := now.Add(time.Duration(c.seconds) * time.Second); now.Before(end); {
			if wait := p.take(now); wait > 0 {
				now = now.Add(max(wait, time.Millisecond)) // a late timer
			} else {
				begun++
			}
		}
		if want := c.seconds * c.rate; begun < want*99/100 || begun > want+1+c.rate/int(time.Second/pacerSlack) {
			t.Errorf("%d per second: got %d in %d s", c.rate, begun, c.seconds)
		}
	}
	if wait := newPacer(0).take(time.Unix(1, 0)); wait != 0 {
		t.Errorf("without a limit: got a wait of %v", wait)
	}
}
