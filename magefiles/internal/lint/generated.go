package lint

import (
	"bytes"
	"cmp"
	"fmt"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/edgewise-go/edgewise/magefiles/internal/matrix"
	"github.com/edgewise-go/edgewise/magefiles/internal/workspace"
)

// A generated part of a Markdown file is between two comments, of which the first names it.
var generatedPart = regexp.MustCompile(`(?s)(<!-- generated: (\w+), by go tool mage docs -->\n\n)(.*?)(\n<!-- end -->\n)`)

// parts are the generated parts, by name. A generator gets the present text and returns the text
// that the part should have.
var parts = map[string]func(w *workspace.Workspace, present string) (string, error){
	"dependencies": dependencies,
	"conformance":  conformance,
	"differential": recorded("interop/internal/differential/table.md"),
	"comparison":   recorded("bench/doc/compare.md"),
	"speed":        recorded("bench/doc/speed.md"),
}

// generatedFiles lists the files with generated parts.
var generatedFiles = []string{"README.md", "conformance/README.md", "resolve/README.md", "bench/README.md"}

// Generated returns a finding per generated part of the documentation that is out of date.
func Generated(w *workspace.Workspace) ([]string, error) {
	var findings []string
	err := eachGenerated(w, func(name, part, present, want string) error {
		if present != want {
			findings = append(findings, fmt.Sprintf("%s: the generated part %q is out of date, run go tool mage docs", name, part))
		}
		return nil
	}, nil)
	return findings, err
}

// WriteGenerated brings every generated part up to date.
func WriteGenerated(w *workspace.Workspace) error {
	return eachGenerated(w, nil, func(name string, text []byte) error {
		return os.WriteFile(filepath.Join(w.Root, name), text, 0o666)
	})
}

// eachGenerated calls see for each generated part and write for each file. Either may be nil.
func eachGenerated(w *workspace.Workspace, see func(name, part, present, want string) error, write func(name string, text []byte) error) error {
	for _, name := range generatedFiles {
		text, err := os.ReadFile(filepath.Join(w.Root, filepath.FromSlash(name)))
		if err != nil {
			return err
		}
		var failed error
		text = generatedPart.ReplaceAllFunc(text, func(whole []byte) []byte {
			m := generatedPart.FindSubmatch(whole)
			part, present := string(m[2]), string(m[3])
			generate := parts[part]
			if generate == nil {
				failed = cmp.Or(failed, fmt.Errorf("%s: no generator of the name %q", name, part))
				return whole
			}
			want, err := generate(w, present)
			if err == nil && see != nil {
				err = see(name, part, present, want)
			}
			failed = cmp.Or(failed, err)
			return bytes.Join([][]byte{m[1], []byte(want), m[4]}, nil)
		})
		if failed == nil && write != nil {
			failed = write(name, text)
		}
		if failed != nil {
			return failed
		}
	}
	return nil
}

// moduleRow begins a row of the table of modules. It has the name of the module.
var moduleRow = regexp.MustCompile("^\\| \\[`(\\w+)`\\]")

// outsideMax is the largest number of modules from outside the workspace that a row names.
const outsideMax = 3

// dependencies sets the last cell of each row to the modules that the row's module imports outside
// tests.
func dependencies(w *workspace.Workspace, present string) (string, error) {
	lines := strings.SplitAfter(present, "\n")
	for i, line := range lines {
		m := moduleRow.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		dir := m[1]
		if dir == path.Base(w.Prefix) {
			dir = "."
		}
		cell, err := imported(w, dir)
		if err != nil {
			return "", err
		}
		row := strings.TrimSuffix(strings.TrimSpace(line), " |")
		lines[i] = row[:strings.LastIndex(row, " | ")] + " | " + cell + " |\n"
	}
	return strings.Join(lines, ""), nil
}

func imported(w *workspace.Workspace, module string) (string, error) {
	mod, err := workspace.ReadGoMod(filepath.Join(w.Root, module))
	if err != nil {
		return "", err
	}
	files, err := w.GoFiles(module)
	if err != nil {
		return "", err
	}
	siblings, outside := map[string]bool{}, map[string]bool{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(w.Root, name), nil, parser.ImportsOnly)
		if err != nil {
			return "", err
		}
		for _, spec := range f.Imports {
			importPath, err := strconv.Unquote(spec.Path.Value)
			if err != nil || importPath == "C" || standard(importPath) {
				continue
			}
			if dir, ours := w.Owner(importPath); ours {
				sibling, _ := w.Module(dir)
				siblings[sibling.Name()] = dir != module
				continue
			}
			for _, r := range mod.Require {
				if below(importPath, []string{r.Path}) {
					outside[r.Path] = true
				}
			}
		}
	}
	var cells []string
	for _, name := range slices.Sorted(maps.Keys(siblings)) {
		if siblings[name] {
			cells = append(cells, "`"+name+"`")
		}
	}
	if len(outside) > outsideMax {
		cells = append(cells, fmt.Sprintf("%d modules from elsewhere", len(outside)))
	} else {
		for _, p := range slices.Sorted(maps.Keys(outside)) {
			cells = append(cells, "`"+p+"`")
		}
	}
	if len(cells) == 0 {
		return "nothing", nil
	}
	return strings.Join(cells, ", "), nil
}

// conformance returns a table of the committed matrix: per contract and platform, the number of
// implementations and what their cases found.
func conformance(w *workspace.Workspace, _ string) (string, error) {
	m, err := matrix.Read(filepath.Join(w.Root, filepath.FromSlash(matrix.Committed)))
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString("| contract | platform | implementations | cases passed | not applicable | waived | violated |\n|---|---|---|---|---|---|---|\n")
	for _, s := range m.Summaries() {
		fmt.Fprintf(&b, "| `%s` | %s | %d | %d | %d | %d | %d |\n",
			s.Contract, s.Platform, s.Implementations, s.Passed, s.NotApplicable, s.Waived, s.Violated)
	}
	return b.String(), nil
}

// recorded returns a generator of a part that is the text of a file. A test of interop, or bench
// compare, has written the file.
func recorded(name string) func(*workspace.Workspace, string) (string, error) {
	return func(w *workspace.Workspace, _ string) (string, error) {
		text, err := os.ReadFile(filepath.Join(w.Root, filepath.FromSlash(name)))
		return string(text), err
	}
}
