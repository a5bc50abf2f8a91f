package buffers

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"github.com/edgewise-go/edgewise/bench/burst"
	"github.com/edgewise-go/edgewise/bench/internal/memory"
	"github.com/edgewise-go/edgewise/bench/internal/report"
)

// Report prints a table per workload.
func Report(out io.Writer, rows []Row) error {
	for _, w := range workloads() {
		t := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
		first := true
		for _, r := range rows {
			if r.Workload != w.name {
				continue
			}
			if first {
				fmt.Fprintf(out, "%s: %s\n", w.name, w.text)
				fmt.Fprintf(t, "\tcopied per byte\treads per MiB\tallocations per message\tresident, mean\tmost\tMB/s\tmessages/s\tns per message\tof turns\t\n")
			}
			first = false
			fmt.Fprintf(t, "%s\t%.3f\t%.1f\t%.3f\t%.0f\t%d\t%.0f\t%.0f\t%.1f\t%.1f to %.1f\t\n", r.Subject, r.Copied, r.Reads, r.Allocs, r.ResidentMean, r.PeakResident,
				r.ByteRate/1e6, r.MessageRate, r.Nanos, r.Least, r.Most)
		}
		if first {
			continue
		}
		if err := t.Flush(); err != nil {
			return err
		}
		fmt.Fprintln(out)
	}
	return nil
}

// Notes prints what is different about the buffers of other packages.
func Notes(out io.Writer, all []Subject) {
	for _, s := range all {
		if s.Note != "" {
			fmt.Fprintf(out, "%s: %s\n", s.Name, s.Note)
		}
	}
	fmt.Fprintf(out, "Resident is memory for bytes, per connection, after each arrival; the objects around it are not counted. "+
		"Memory is not counted while a pool of the Go runtime keeps it.\n\n")
}

// Comparison compares our fastest strategy with the fastest other buffer at one workload.
type Comparison struct {
	Workload   string
	Ours, Peer Row
	Ratio      float64 // their time per message divided by ours: above 1 ours is faster
}

// Compare returns a comparison for each workload with both kinds of buffers.
func Compare(rows []Row) []Comparison {
	var all []Comparison
	for _, name := range Workloads() {
		ours, peer := fastest(rows, name, false), fastest(rows, name, true)
		if ours != nil && peer != nil {
			all = append(all, Comparison{name, *ours, *peer, peer.Nanos / ours.Nanos})
		}
	}
	return all
}

func fastest(rows []Row, workload string, peer bool) *Row {
	var best *Row
	for i, r := range rows {
		if r.Workload == workload && r.Peer == peer && (best == nil || r.Nanos < best.Nanos) {
			best = &rows[i]
		}
	}
	return best
}

// ReportComparisons prints the comparisons, and a line for each workload where another buffer is
// faster.
func ReportComparisons(out io.Writer, all []Comparison) error {
	if len(all) == 0 {
		return nil
	}
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "workload\tfastest strategy\tns\tfastest of others\tns\ttheirs to ours\n")
	for _, c := range all {
		fmt.Fprintf(t, "%s\t%s\t%.1f\t%s\t%.1f\t%.2f\n", c.Workload, c.Ours.Subject, c.Ours.Nanos, c.Peer.Subject, c.Peer.Nanos, c.Ratio)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, c := range all {
		if c.Ratio < 1 {
			fmt.Fprintf(out, "SLOWER at %s: %s takes %.2f times as long as %s\n", c.Workload, c.Ours.Subject, 1/c.Ratio, c.Peer.Subject)
		}
	}
	fmt.Fprintln(out)
	return nil
}

// Markdown prints the tables for a README: copies, reads, memory, allocations and throughput, each
// by workload.
func Markdown(out io.Writer, rows []Row) {
	for _, column := range []struct {
		title string
		cell  func(Row) string
	}{
		{"bytes copied per byte moved", func(r Row) string { return fmt.Sprintf("%.2f", r.Copied) }},
		{"reads per MiB", func(r Row) string { return fmt.Sprintf("%.0f", r.Reads) }},
		{"memory per connection, mean / most", func(r Row) string {
			return memory.Format(r.ResidentMean) + " / " + memory.Format(float64(r.PeakResident))
		}},
		{"allocations per message", func(r Row) string { return fmt.Sprintf("%.3f", r.Allocs) }},
		{"MB/s, median", func(r Row) string { return fmt.Sprintf("%.0f", r.ByteRate/1e6) }},
	} {
		names, subjects := present(rows)
		fmt.Fprintf(out, "| %s |", column.title)
		for _, name := range names {
			fmt.Fprintf(out, " %s |", name)
		}
		fmt.Fprint(out, "\n|---|")
		for range names {
			fmt.Fprint(out, "--:|")
		}
		fmt.Fprintln(out)
		for _, s := range subjects {
			fmt.Fprintf(out, "| `%s` |", s)
			for _, name := range names {
				cell := ""
				if i := slices.IndexFunc(rows, func(r Row) bool { return r.Workload == name && r.Subject == s }); i >= 0 {
					cell = column.cell(rows[i])
				}
				fmt.Fprintf(out, " %s |", cell)
			}
			fmt.Fprintln(out)
		}
		fmt.Fprintln(out)
	}
}

// present returns the workloads and the subjects of rows, in their order.
func present(rows []Row) (names, subjects []string) {
	for _, r := range rows {
		if !slices.Contains(names, r.Workload) {
			names = append(names, r.Workload)
		}
		if !slices.Contains(subjects, r.Subject) {
			subjects = append(subjects, r.Subject)
		}
	}
	return names, subjects
}

// Figures are all measurements.
type Figures struct {
	System string                 `json:"system"`
	Seed   uint64                 `json:"seed"`
	Rows   []Row                  `json:"rows"`
	Bursts map[string][]burst.Row `json:"bursts"` // by kind of source
	Checks []report.Check         `json:"checks"`
}

// WriteJSON writes the figures for other programs.
func (f Figures) WriteJSON(out io.Writer) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "\t")
	return e.Encode(f)
}
