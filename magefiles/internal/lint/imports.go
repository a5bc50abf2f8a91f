package lint

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/edgewise-go/edgewise/magefiles/internal/command"
	"github.com/edgewise-go/edgewise/magefiles/internal/workspace"
)

// Imports returns a finding per import that t does not allow. It also returns one per
// call outside tests of a network operation of package net or net/http. It reads all files
// regardless of their build constraints, so one run covers every platform.
func Imports(w *workspace.Workspace, t ImportTable) ([]string, error) {
	var findings []string
	for _, m := range w.Modules {
		files, err := w.GoFiles(m.Dir)
		if err != nil {
			return nil, err
		}
		for _, name := range files {
			set := token.NewFileSet()
			f, err := parser.ParseFile(set, filepath.Join(w.Root, name), nil, parser.SkipObjectResolution)
			if err != nil {
				return nil, err
			}
			findings = append(findings, checkImports(w, t, m.Dir, name, f)...)
			if !strings.HasSuffix(name, "_test.go") {
				findings = append(findings, checkCalls(set, name, f)...)
			}
		}
	}
	return findings, nil
}

func checkImports(w *workspace.Workspace, t ImportTable, module, name string, f *ast.File) []string {
	rule, ok := t.rule(path.Dir(name))
	if !ok {
		return []string{name + ": no rule in the table of allowed imports covers this directory"}
	}
	test := strings.HasSuffix(name, "_test.go")
	siblings, outside := rule.Siblings, rule.Outside
	if test {
		siblings = slices.Concat(siblings, testSiblings)
		outside = slices.Concat(outside, testOutside)
	}
	var findings []string
	for _, spec := range f.Imports {
		importPath, err := strconv.Unquote(spec.Path.Value)
		if err != nil || importPath == "C" || standard(importPath) {
			continue
		}
		dir, ours := w.Owner(importPath)
		switch {
		case ours && dir == module:
		case ours && slices.Contains(siblings, dir):
		case !test && below(importPath, []string{testify}):
			findings = append(findings, fmt.Sprintf("%s: imports %s, which only _test.go files may", name, importPath))
		case !ours && below(importPath, outside):
		default:
			findings = append(findings, fmt.Sprintf("%s: may not import %s", name, importPath))
		}
	}
	return findings
}

// Reach returns a finding per package that users of a released module would download
// although t does not allow it. Unlike Imports it follows imports through other modules, for the
// platforms given as GOOS names.
func Reach(w *workspace.Workspace, t ImportTable, systems []string) ([]string, error) {
	var findings []string
	for _, m := range w.Modules {
		if !m.Released {
			continue
		}
		allowed := reach(t, m.Dir)
		for _, system := range systems {
			out, err := command.Output(w.Root, []string{"GOOS=" + system, "CGO_ENABLED=0"}, "go", "list", "-deps",
				"-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", m.Pattern())
			if err != nil {
				return nil, err
			}
			for _, importPath := range strings.Fields(string(out)) {
				dir, ours := w.Owner(importPath)
				if ours && slices.Contains(allowed, dir) || !ours && below(importPath, coreOutside) {
					continue
				}
				text := fmt.Sprintf("%s: reaches %s on %s", m.Name(), importPath, system)
				if !slices.Contains(findings, text) {
					findings = append(findings, text)
				}
			}
		}
	}
	return findings, nil
}

// reach returns module and all modules that the rules below it allow, directly or through others.
func reach(t ImportTable, module string) []string {
	seen := []string{module}
	for i := 0; i < len(seen); i++ {
		for dir, rule := range t {
			if dir != seen[i] && !strings.HasPrefix(dir, seen[i]+"/") {
				continue
			}
			for _, next := range rule.Siblings {
				if !slices.Contains(seen, next) {
					seen = append(seen, next)
				}
			}
		}
	}
	return seen
}
