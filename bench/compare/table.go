package compare

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/edgewise-go/edgewise/bench/internal/memory"
	"github.com/edgewise-go/edgewise/bench/internal/report"
)

// table is a table that can be printed in two ways. The first cell of a row is text.
type table struct {
	header []string
	rows   [][]string
}

func (t table) print(out io.Writer, markdown bool) error {
	if !markdown {
		w := report.NewTable(out)
		for _, row := range append([][]string{t.header}, t.rows...) {
			fmt.Fprintln(w, strings.ReplaceAll(strings.Join(row, "\t"), "<br>", " ")+"\t")
		}
		return w.Flush()
	}
	row := func(cells []string) { fmt.Fprintf(out, "| %s |\n", strings.Join(cells, " | ")) }
	row(t.header)
	fmt.Fprintf(out, "|---|%s\n", strings.Repeat("--:|", len(t.header)-1))
	for _, cells := range t.rows {
		row(cells)
	}
	return nil
}

// heading is the name of a server as the head of a column.
func (s Server) heading() string {
	if s.Ours {
		return strings.Join(strings.Split(s.Name, ", ")[1:], "<br>")
	}
	return strings.ReplaceAll(s.Name, ", ", "<br>")
}

// brief is the name of a server in a list.
func (s Server) brief() string { return strings.ReplaceAll(s.Name, ", ", " ") }

// names joins the names of servers.
func names(servers []Server) string {
	var all []string
	for _, s := range servers {
		all = append(all, s.brief())
	}
	return strings.Join(all, ", ")
}

// overview has a row per work and a column per server: the ratio to the reference, or memory. The
// last column names the peers that cost less than every form of this workspace.
func (r *Result) overview() table {
	t := table{header: []string{"load"}}
	for _, s := range r.Servers {
		t.header = append(t.header, s.heading())
	}
	t.header = append(t.header, "lost to")
	for _, w := range r.Works {
		row := []string{w.Title}
		for _, s := range r.Servers {
			row = append(row, r.mark(w, s))
		}
		lost := names(r.lost(w.Word))
		if _, any := r.best(w.Word); any && lost == "" {
			lost = "none"
		}
		t.rows = append(t.rows, append(row, lost))
	}
	return t
}

// mark is the cell of a server in the overview.
func (r *Result) mark(w Work, s Server) string {
	c := r.cell(w.Word, s.Word)
	switch {
	case !c.known && r.hasFailed(w.Word, s.Word):
		return "failed"
	case !c.known:
		return ""
	case w.Kind == idleKind:
		return memory.Format(c.cost)
	}
	return number("%.2f", c.ratio)
}

func (r *Result) hasFailed(work, server string) bool {
	return slices.ContainsFunc(r.Failed, func(f Failure) bool { return f.Work == work && f.Server == server })
}

// details has a row per work and server, with all figures.
func (r *Result) details(w Work) table {
	t := table{header: []string{"server", "messages/s", "CPU ns/message", "quartiles", "ratio", "quartiles", "p50 µs", "p99 µs", "p99.9 µs", "system calls/message", "switches/message"}}
	if w.Kind == idleKind {
		t.header = []string{"server", "bytes/connection", "quartiles"}
	}
	lost := r.lost(w.Word)
	for _, s := range r.Servers {
		c := r.cell(w.Word, s.Word)
		if !c.known {
			continue
		}
		name := s.brief()
		if slices.Contains(lost, s) {
			name += " (wins)"
		}
		quartiles := fmt.Sprintf("%.0f to %.0f", c.low, c.high)
		if w.Kind == idleKind {
			t.rows = append(t.rows, []string{name, number("%.0f", c.cost), quartiles})
			continue
		}
		latency := func(v float64) string {
			if w.Kind == flood {
				return ""
			}
			return number("%.0f", v)
		}
		t.rows = append(t.rows, []string{name, number("%.0f", c.rate), number("%.0f", c.cost), quartiles, number("%.2f", c.ratio),
			fmt.Sprintf("%.2f to %.2f", c.ratioLow, c.ratioHigh), latency(c.p50), latency(c.p99), latency(c.p999),
			number("%.2f", c.systemCalls), number("%.4f", c.switches)})
	}
	return t
}

// number formats a value, which is missing if it is not a number.
func number(format string, v float64) string {
	if math.IsNaN(v) {
		return "n/a"
	}
	return fmt.Sprintf(format, v)
}

// print prints everything.
func (r *Result) print(out io.Writer, markdown bool) error {
	fmt.Fprintf(out, "\n%v\n%s\n\n", r.Machine, r.versions())
	if err := r.overview().print(out, markdown); err != nil {
		return err
	}
	for _, w := range r.Works {
		fmt.Fprintf(out, "\n%s%s:\n\n", map[bool]string{true: "### "}[markdown], w.Title)
		if err := r.details(w).print(out, markdown); err != nil {
			return err
		}
	}
	r.notes(out)
	return nil
}

// notes prints what is missing.
func (r *Result) notes(out io.Writer) {
	if r.Uncounted != "" {
		fmt.Fprintf(out, "\nSystem calls were not counted: %s\n", r.Uncounted)
	}
	if len(r.Skipped)+len(r.Failed) > 0 {
		fmt.Fprintln(out)
	}
	for _, s := range r.Skipped {
		fmt.Fprintf(out, "- skipped %s: %s\n", s.Name, s.Reason)
	}
	for _, f := range r.Failed {
		fmt.Fprintf(out, "- failed %s at %s: %s\n", r.server(f.Server).Name, f.Work, f.Reason)
	}
}
