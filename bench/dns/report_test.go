package dns

import (
	"encoding/xml"
	"errors"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func addrs(all ...[4]byte) []netip.Addr {
	var list []netip.Addr
	for _, a := range all {
		list = append(list, netip.AddrFrom4(a))
	}
	return list
}

// turn returns a second of lookups that take that many nanoseconds each.
func turn(lookups int, cpu time.Duration) tally {
	return tally{Lookups: lookups, CPU: cpu * time.Duration(lookups), Wall: time.Second}
}

// Ratios are those of the rounds: a slow machine in one round does not change them. The first
// client that could run is the yardstick.
func TestSummarize(t *testing.T) {
	t.Parallel()
	allocations := uint64(200)
	first := []tally{turn(100, 10), turn(100, 100), turn(100, 20)}
	first[0].Allocations = &allocations
	all := summarize([]*contender{
		{Name: "missing", Unavailable: "no compiler"},
		{Name: "first", Turns: first},
		{Name: "second", Turns: []tally{turn(50, 30), turn(50, 300), turn(50, 40)}},
	})
	require.Equal(t, "no compiler", all[0].Unavailable)
	require.InDelta(t, 1, all[1].Ratio, 0)
	require.InDelta(t, 20, all[1].CPU, 0)
	require.InDelta(t, 2, *all[1].Allocations, 0)
	require.InDelta(t, 3, all[2].Ratio, 0)
	require.InDelta(t, 2, all[2].Least, 0)
	require.InDelta(t, 3, all[2].Most, 0)
	require.InDelta(t, 50, all[2].Rate, 0)
	require.Nil(t, all[2].Allocations)
	var out strings.Builder
	require.NoError(t, costTable(&out, all))
	require.Contains(t, out.String(), "skipped missing: no compiler")
	require.Contains(t, out.String(), "unknown")
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	s := &sweep{hits: []int{0, 100}, delays: []time.Duration{0, 1}, users: []int{1, 2, 3}, strategies: strategyNames()}
	require.NoError(t, s.check())
	require.Len(t, s.places(), 2*3+3, "with every answer in the cache, the server does not matter")
	s.hurry()
	require.NoError(t, s.check())
	require.LessOrEqual(t, time.Duration(len(s.places())*len(s.strategies))*(s.duration+s.warmup+quickStart), 30*time.Second)
	full := &sweep{}
	cmd := sweepCommand()
	for name, list := range map[string]*[]int{"hits": &full.hits, "users": &full.users} {
		var err error
		*list, err = cmd.Flags().GetIntSlice(name)
		require.NoError(t, err)
	}
	var err error
	full.delays, err = cmd.Flags().GetDurationSlice("delay")
	require.NoError(t, err)
	full.duration, err = cmd.Flags().GetDuration("duration")
	require.NoError(t, err)
	full.warmup, err = cmd.Flags().GetDuration("warmup")
	require.NoError(t, err)
	require.LessOrEqual(t, time.Duration(len(full.places())*len(strategyNames()))*(full.duration+full.warmup+quickStart), 5*time.Minute)
}

// quickStart is the time for which a process is started and ended.
const quickStart = 100 * time.Millisecond

// sweepRows returns rows at two loads: at the first a is the best, with b close to it.
func sweepRows() []row {
	at := func(p place, strategy string, rate int, cpu time.Duration, why string) row {
		return row{p, strategy, outcome{tally: turn(rate, cpu), P50: 1500, P99: 2 * time.Second, P99Open: rate == 1, Why: why}}
	}
	slow, fast := place{0, 10 * time.Millisecond, 256}, place{100, 0, 256}
	return []row{
		at(slow, "b", 900, 8, ""), at(slow, "a", 1000, 10, "x (because)"), at(slow, "c", 1, 1000, ""),
		at(fast, "b", 2_000_000, 5, ""), at(fast, "a", 1_000_000, 10, "x (still)"), at(fast, "c", 0, 0, ""),
	}
}

func TestSweepReports(t *testing.T) {
	t.Parallel()
	rows := sweepRows()
	groups := grouped(rows)
	require.Len(t, groups, 2)
	require.Equal(t, 2, groups[0].ties())
	require.Equal(t, "a, b", strategiesOf(groups[0].rows[:2]))
	require.Equal(t, 1, groups[1].ties())

	all := regrets(rows)
	require.Equal(t, "b", all[0].strategy)
	require.Equal(t, 2, all[0].first)
	require.Equal(t, "c", all[2].strategy)
	require.Len(t, all[2].costs, 1, "without a lookup there is no cost per lookup")
	require.Equal(t, groups[1].place, all[2].worst)

	var out strings.Builder
	printWins(&out, rows)
	printRegret(&out, rows)
	printChoices(&out, rows)
	printAll(&out, rows)
	for _, want := range []string{
		"| 0% | 10ms | 256 | a, b | 1k/s, 1.5µs / 2s, 10ns | 1e+03 × c |", "| 100% | any | 256 | b | 2M/s, ", "| 2 × a |",
		"| b | 2 of 2 |", "adaptive chose x at 2 loads; at the last of them, 100% hits, 0s, 256 wanted at once, because: x (still)",
		"| cache hits | server | at once | b | a | c |", "≥ 2s",
	} {
		require.Contains(t, out.String(), want)
	}
}

func TestMedianRow(t *testing.T) {
	t.Parallel()
	rows := []row{{outcome: outcome{tally: turn(3, 1)}}, {outcome: outcome{tally: turn(1, 1)}}, {outcome: outcome{tally: turn(2, 1)}}}
	require.Equal(t, 2, medianRow(rows).Lookups)
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	for want, got := range map[string]string{
		"12.3k": count(12_345), "1.23M": count(1_234_567), "1M": count(1e6), "12.3": count(12.3456),
		"999ns": time3(999), "1.23µs": time3(1234), "12.3ms": time3(12_345_678), "1.5s": time3(1500 * time.Millisecond),
	} {
		require.Equal(t, want, got)
	}
	rows := sweepRows()
	require.Equal(t, 256, nearest(rows, 100, func(r row) int { return r.Users }))
	require.Equal(t, 100, nearest(rows, 60, func(r row) int { return r.Hits }))
}

// The plot is XML, names the strategies and the loads, and has no background that would hide that
// of the page.
func TestPlot(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "plot.svg")
	require.Error(t, plotSweep(name, nil))
	require.NoError(t, plotSweep(name, sweepRows()))
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	d := xml.NewDecoder(strings.NewReader(string(text)))
	for err == nil {
		_, err = d.Token()
	}
	require.True(t, errors.Is(err, io.EOF), "%v", err)
	for _, want := range []string{"a", "b", "c", "10ms", "0%", "100%", "1k", "1M"} {
		require.Contains(t, string(text), ">"+want+"<")
	}
	require.NotContains(t, string(text), "fill:#FFFFFF")
	require.Less(t, len(text), 64<<10)
}
