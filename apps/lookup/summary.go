package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// percentiles are those of the summary.
var percentiles = [...]float64{50, 90, 99}

// summary returns what the run has done, in one or two lines.
func (s *session) summary() string {
	o := s.out
	took := time.Since(s.began)
	var b strings.Builder
	plural := "s"
	if o.names == 1 {
		plural = ""
	}
	fmt.Fprintf(&b, "%d name%s in %.2f s", o.names, plural, took.Seconds())
	if o.names > 1 {
		fmt.Fprintf(&b, ", %.0f/s", float64(o.names)/took.Seconds())
	}
	separator := ": "
	for _, status := range slices.SortedFunc(maps.Keys(o.statuses), func(x, y string) int {
		if d := o.statuses[y] - o.statuses[x]; d != 0 {
			return int(d)
		}
		return strings.Compare(x, y)
	}) {
		fmt.Fprintf(&b, "%s%d %s", separator, o.statuses[status], status)
		separator = ", "
	}
	if o.latency.TotalCount() > 0 {
		b.WriteString("; latency")
		if o.names > 1 {
			for _, p := range percentiles {
				fmt.Fprintf(&b, " p%g %v", p, micros(o.latency.ValueAtQuantile(p)))
			}
			b.WriteString(" max")
		}
		fmt.Fprintf(&b, " %v", micros(o.latency.Max()))
	}
	b.WriteByte('\n')
	if text := s.wire(); text != "" {
		b.WriteString(text + "\n")
	}
	return b.String()
}

// wire returns the counts of the queries and of the cache, or nothing if all are zero.
func (s *session) wire() string {
	var parts []string
	if r := s.resolver.servers; r != nil {
		w := r.Stats()
		if w.Started == 0 {
			return ""
		}
		parts = append(parts, fmt.Sprintf("queries: %d sent, %d retransmitted, %d over streams", w.Sent, w.Retransmitted, w.Streamed))
		if odd := w.Malformed + w.OtherID + w.OtherQuestion + w.OtherCase + w.BadCookie; odd > 0 {
			parts = append(parts, fmt.Sprintf("%d replies ignored as forged or malformed", odd))
		}
	}
	if c := s.resolver.cache; c != nil {
		n := c.Stats()
		parts = append(parts, fmt.Sprintf("cache: %d hits, %d misses", n.Hits+n.NegativeHits+n.FailureHits, n.Misses))
	}
	return strings.Join(parts, "; ")
}

func micros(n int64) time.Duration { return time.Duration(n) * time.Microsecond }
