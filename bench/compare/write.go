package compare

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/edgewise-go/edgewise/bench/internal/memory"
)

// Files below the root of the workspace. go tool mage docs copies the tables into the READMEs too,
// and go tool mage lint fails if they differ.
const (
	docDir      = "bench/doc"
	rawFile     = docDir + "/compare.json"
	plotFile    = docDir + "/compare.svg"
	tableFile   = docDir + "/compare.md"
	speedFile   = docDir + "/speed.md"
	detailsFile = docDir + "/compare-details.md"
)

// speedWork is the work whose figures the README of the workspace shows.
const speedWork = "many"

// write writes all files and replaces the parts of the READMEs.
func (r *Result) write(out io.Writer, root string) error {
	at := func(name string) string { return filepath.Join(root, filepath.FromSlash(name)) }
	if err := os.MkdirAll(at(docDir), 0o777); err != nil {
		return err
	}
	if err := writeJSON(at(rawFile), r); err != nil {
		return err
	}
	if err := r.plot(at(plotFile)); err != nil {
		return err
	}
	if err := os.WriteFile(at(detailsFile), []byte(r.detailsText()), 0o666); err != nil {
		return err
	}
	written := []string{rawFile, plotFile, detailsFile}
	for _, part := range []struct{ name, file, readme, text string }{
		{"comparison", tableFile, "bench/README.md", r.comparisonText()},
		{"speed", speedFile, "README.md", r.speedText()},
	} {
		if part.text == "" {
			fmt.Fprintf(out, "not written: %s, whose load %q was not measured\n", part.file, speedWork)
			continue
		}
		if err := os.WriteFile(at(part.file), []byte(part.text), 0o666); err != nil {
			return err
		}
		if err := replacePart(at(part.readme), part.name, part.text); err != nil {
			return err
		}
		written = append(written, part.file, part.readme)
	}
	fmt.Fprintf(out, "\nwritten: %s\n", strings.Join(written, ", "))
	return nil
}

// replacePart replaces the generated part of a README.
func replacePart(readme, name, text string) error {
	whole, err := os.ReadFile(readme)
	if err != nil {
		return err
	}
	marks := regexp.MustCompile(`(?s)(<!-- generated: ` + regexp.QuoteMeta(name) + `, by go tool mage docs -->\n\n)(.*?)(\n<!-- end -->\n)`)
	at := marks.FindSubmatchIndex(whole)
	if at == nil {
		return fmt.Errorf("%s has no generated part %q", readme, name)
	}
	return os.WriteFile(readme, slices.Concat(whole[:at[4]], []byte(text), whole[at[5]:]), 0o666)
}

// measuredAt describes the run in a sentence.
func (r *Result) measuredAt() string {
	return fmt.Sprintf("Measured on %s, %s: medians of %d rounds of %s. Versions: %s.", r.Date, r.Machine, r.Rounds, r.Duration, r.versions())
}

// comparisonText is the part of bench/README.md.
func (r *Result) comparisonText() string {
	var b bytes.Buffer
	fmt.Fprintf(&b, "Processor time per message of %s, divided by that of each server in the same round: higher is better.\nThe last column names the peers that cost less than every form of edgewise.\n\n", r.Servers[0].Name)
	_ = r.overview().print(&b, true) // a bytes.Buffer takes everything
	fmt.Fprintf(&b, "\n![processor time per load and server](doc/compare.svg)\n\n%s\n", r.measuredAt())
	r.notes(&b)
	return b.String()
}

// detailsText is the file of all figures.
func (r *Result) detailsText() string {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# Comparison with the peers: all figures\n\nWritten by `bench compare --write`. Ratios are to %s in the same round; higher is better. A server that \"wins\" costs less\nthan every form of edgewise. %s\n", r.Servers[0].Name, r.measuredAt())
	for _, w := range r.Works {
		fmt.Fprintf(&b, "\n## %s\n\n", w.Title)
		_ = r.details(w).print(&b, true)
	}
	r.notes(&b)
	return b.String()
}

// speedText is the part of the README of the workspace: one load, the cheapest server first. It is
// empty if that load was not measured.
func (r *Result) speedText() string {
	i := slices.IndexFunc(r.Works, func(w Work) bool { return w.Word == speedWork })
	if i < 0 {
		return ""
	}
	servers := slices.DeleteFunc(slices.Clone(r.Servers), func(s Server) bool { return !r.cell(speedWork, s.Word).known })
	slices.SortStableFunc(servers, func(a, b Server) int {
		if r.cell(speedWork, a.Word).cost < r.cell(speedWork, b.Word).cost {
			return -1
		}
		return 1
	})
	t := table{header: []string{"server", "CPU per message", fmt.Sprintf("relative to %s, higher is better", r.Servers[0].brief())}}
	for _, s := range servers {
		c := r.cell(speedWork, s.Word)
		name := s.Name
		if strings.HasPrefix(s.Version, "v") {
			name += " " + s.Version
		}
		t.rows = append(t.rows, []string{name, fmt.Sprintf("%.1f µs", c.cost/1e3), number("%.2f", c.ratio)})
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s, one message in flight on each, one loop (%s, %s, `bench compare --rounds %d`):\n\n", r.Works[i].Title, r.Date, r.Machine, r.Rounds)
	_ = t.print(&b, true)
	if lost := names(r.lost(speedWork)); lost != "" {
		fmt.Fprintf(&b, "\nLess processor time than every form of edgewise at this load: %s.\n", lost)
	}
	if s, ok := r.best(idleWord); ok {
		fmt.Fprintf(&b, "\nAn idle connection takes %s with %s.\n", memory.Format(r.cell(idleWord, s.Word).cost), s.brief())
	}
	return b.String()
}
