package dns

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/edgewise-go/edgewise/bench/internal/stats"
)

// delayText is the delay of a place, which does not matter if the cache answers everything.
func (p place) delayText() string {
	if p.Hits == 100 {
		return "any"
	}
	return p.Delay.String()
}

// figures describes a row: rate, times and processor time.
func (r row) figures() string {
	return fmt.Sprintf("%s/s, %s / %s, %s", count(r.rate()), bound(r.P50, r.P50Open), bound(r.P99, r.P99Open), time3(r.cpu()))
}

func (r row) cpu() time.Duration { return time.Duration(r.cpuPerLookup()) }

// count formats a rate with three digits.
func count(n float64) string {
	switch {
	case n >= 1e6:
		return fmt.Sprintf("%.3gM", n/1e6)
	case n >= 1e3:
		return fmt.Sprintf("%.3gk", n/1e3)
	}
	return fmt.Sprintf("%.3g", n)
}

// time3 formats a time with three digits.
func time3(d time.Duration) string {
	switch {
	case d >= time.Second:
		return fmt.Sprintf("%.3gs", d.Seconds())
	case d >= time.Millisecond:
		return fmt.Sprintf("%.3gms", d.Seconds()*1e3)
	case d >= time.Microsecond:
		return fmt.Sprintf("%.3gµs", d.Seconds()*1e6)
	}
	return fmt.Sprintf("%dns", d.Nanoseconds())
}

func bound(d time.Duration, open bool) string {
	if open {
		return "≥ " + time3(d)
	}
	return time3(d)
}

// printWins prints a table of the strategies that answer most.
func printWins(out io.Writer, rows []row) {
	fmt.Fprintf(out, "The strategies with the highest rate, with others that reach %.0f%% of it; of the first: lookups answered per second, p50 / p99, "+
		"processor time per lookup; and how many times the rate of the best of the rest.\n\n", 100*near)
	fmt.Fprintf(out, "| cache hits | server | at once | most lookups | figures | relative to the rest |\n|--:|--:|--:|---|---|---|\n")
	for _, g := range grouped(rows) {
		n := g.ties()
		rest := "all alike"
		if n < len(g.rows) {
			rest = fmt.Sprintf("%.3g × %s", g.rows[0].rate()/max(1, g.rows[n].rate()), g.rows[n].Strategy)
		}
		fmt.Fprintf(out, "| %d%% | %s | %d | %s | %s | %s |\n", g.Hits, g.delayText(), g.Users, strategiesOf(g.rows[:n]), g.rows[0].figures(), rest)
	}
	fmt.Fprintln(out)
}

// regret holds the distance of a strategy from the best one, over all places.
type regret struct {
	strategy      string
	first, places int
	shares        []float64 // of the best rate
	worst         place     // where the share is least
	costs         []float64 // processor time, relative to the cheapest strategy
}

func regrets(rows []row) []regret {
	var all []regret
	for _, g := range grouped(rows) {
		cheapest := g.rows[0].cpuPerLookup()
		for _, r := range g.rows {
			if r.Lookups > 0 {
				cheapest = min(cheapest, r.cpuPerLookup())
			}
		}
		for k, r := range g.rows {
			i := slices.IndexFunc(all, func(x regret) bool { return x.strategy == r.Strategy })
			if i < 0 {
				i = len(all)
				all = append(all, regret{strategy: r.Strategy})
			}
			x := &all[i]
			x.places++
			if k < g.ties() {
				x.first++
			}
			share := r.rate() / max(1, g.rows[0].rate())
			if len(x.shares) == 0 || share < slices.Min(x.shares) {
				x.worst = g.place
			}
			x.shares = append(x.shares, share)
			if r.Lookups > 0 {
				x.costs = append(x.costs, r.cpuPerLookup()/max(1, cheapest))
			}
		}
	}
	slices.SortFunc(all, func(a, b regret) int { return b.first - a.first })
	return all
}

// printRegret prints how far each strategy is from the best.
func printRegret(out io.Writer, rows []row) {
	fmt.Fprintf(out, "| strategy | among the best | rate, share of the best: median | least | where | CPU, relative to the cheapest: median | most |\n|---|--:|--:|--:|---|--:|--:|\n")
	for _, x := range regrets(rows) {
		cost, most := "", ""
		if len(x.costs) > 0 {
			cost, most = fmt.Sprintf("%.3g", stats.Median(x.costs)), fmt.Sprintf("%.3g", slices.Max(x.costs))
		}
		fmt.Fprintf(out, "| %s | %d of %d | %.0f%% | %.2g%% | %v | %s | %s |\n", x.strategy, x.first, x.places, 100*stats.Median(x.shares), 100*slices.Min(x.shares), x.worst, cost, most)
	}
	fmt.Fprintln(out)
}

// printChoices prints what the adaptive strategy has chosen, most frequent choice first, with one
// reason for each.
func printChoices(out io.Writer, rows []row) {
	type choice struct {
		route, why string
		at         []place
	}
	var all []choice
	for _, r := range rows {
		if r.Why == "" {
			continue
		}
		route, _, _ := strings.Cut(r.Why, " ")
		i := slices.IndexFunc(all, func(c choice) bool { return c.route == route })
		if i < 0 {
			i = len(all)
			all = append(all, choice{route: route})
		}
		all[i].at = append(all[i].at, r.place)
		all[i].why = r.Why
	}
	slices.SortStableFunc(all, func(a, b choice) int { return len(b.at) - len(a.at) })
	for _, c := range all {
		fmt.Fprintf(out, "adaptive chose %s at %d loads; at the last of them, %v, because: %s\n", c.route, len(c.at), c.at[len(c.at)-1], c.why)
	}
	if len(all) > 0 {
		fmt.Fprintln(out)
	}
}

// printAll prints the figures of all strategies.
func printAll(out io.Writer, rows []row) {
	var names []string
	for _, r := range rows {
		if !slices.Contains(names, r.Strategy) {
			names = append(names, r.Strategy)
		}
	}
	fmt.Fprintf(out, "Lookups answered per second, p50 / p99, processor time per lookup:\n\n| cache hits | server | at once | %s |\n|--:|--:|--:|%s\n",
		strings.Join(names, " | "), strings.Repeat("---|", len(names)))
	for _, g := range grouped(rows) {
		fmt.Fprintf(out, "| %d%% | %s | %d |", g.Hits, g.delayText(), g.Users)
		for _, name := range names {
			text := ""
			if i := slices.IndexFunc(g.rows, func(r row) bool { return r.Strategy == name }); i >= 0 {
				text = g.rows[i].figures()
			}
			fmt.Fprintf(out, " %s |", text)
		}
		fmt.Fprintln(out)
	}
	fmt.Fprintln(out)
}
