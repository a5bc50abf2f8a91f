// Package lint checks rules that no general linter knows. They cover file names and build
// constraints, the words of exported names, the width of comments, and the places that may skip a
// test. It also reports files that gofmt would change. [Imports] and [Reach] hold the source
// against the table of allowed imports between modules.
package lint

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/edgewise-go/edgewise/magefiles/internal/workspace"
)

// skipsAllowed are the directories that may skip a test: they print the reason with "N/A", and the
// tables count it.
var skipsAllowed = []string{"conformance/internal/suite/", "apps/internal/apptest/", "bench/internal/benchtest/", "interop/internal/interoptest/"}

// constrained lists suffixes of file names that look like a build constraint but are none to the go
// command. Without a //go:build line, x_unix.go is compiled on Windows.
var constrained = []string{
	"bsd", "epoll", "iocp", "iouring", "kqueue", "nonlinux", "notlinux", "nounix", "other", "posix", "poll", "stub", "unix",
	"unsupported",
}

// nameless lists file names that do not describe the contents.
var nameless = []string{"common", "helper", "helpers", "misc", "util", "utils"}

// Check returns a sentence for each fault in the .go files of all modules and the tools.
func Check(w *workspace.Workspace) ([]string, error) {
	var dirs []string
	for _, m := range w.Modules {
		dirs = append(dirs, m.Dir)
	}
	if _, err := os.Stat(filepath.Join(w.Root, "tools", "go.mod")); err == nil {
		dirs = append(dirs, "tools")
	}
	texts := map[string][]byte{}
	var names []string
	declared := symbols{}
	for _, dir := range dirs {
		files, err := w.GoFiles(dir)
		if err != nil {
			return nil, err
		}
		for _, name := range files {
			text, err := os.ReadFile(filepath.Join(w.Root, filepath.FromSlash(name)))
			if err != nil {
				return nil, err
			}
			declared.add(name, text)
			names, texts[name] = append(names, name), text
		}
	}
	var findings []string
	for _, name := range names {
		findings = append(findings, checkFile(name, texts[name])...)
		findings = append(findings, declared.check(name, texts[name])...)
	}
	return findings, nil
}

func checkFile(name string, text []byte) []string {
	formatted, err := format.Source(text)
	if err != nil {
		return []string{fmt.Sprintf("%s: %v", name, err)}
	}
	var findings []string
	if !bytes.Equal(formatted, text) {
		findings = append(findings, name+": gofmt would change it")
	}
	words := strings.Split(strings.TrimSuffix(path.Base(name), ".go"), "_")
	if slices.Contains(nameless, words[0]) {
		findings = append(findings, name+": its name does not describe its contents")
	}
	if words[len(words)-1] == "test" {
		words = words[:len(words)-1]
	}
	if suffix := words[len(words)-1]; len(words) > 1 && slices.Contains(constrained, suffix) &&
		!bytes.HasPrefix(text, []byte("//go:build ")) {
		findings = append(findings, fmt.Sprintf("%s: must begin with //go:build, since _%s constrains nothing", name, suffix))
	}
	findings = append(findings, checkComments(name, text)...)
	findings = append(findings, checkWords(name, text)...)
	if !slices.ContainsFunc(skipsAllowed, func(dir string) bool { return strings.HasPrefix(name, dir) }) {
		findings = append(findings, checkSkips(name, text)...)
	}
	return findings
}

// commentColumns is the width at which comments wrap. A tab counts as tabColumns.
const (
	commentColumns = 100
	tabColumns     = 4
)

// checkComments finds comment lines that are too long. It ignores comments after code, directives
// and preformatted lines, because they cannot be wrapped.
func checkComments(name string, text []byte) []string {
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, name, text, parser.SkipObjectResolution|parser.ParseComments)
	if err != nil {
		return []string{err.Error()}
	}
	lines := strings.Split(string(text), "\n")
	var findings []string
	for _, group := range f.Comments {
		for _, c := range group.List {
			number := set.Position(c.Pos()).Line
			line := lines[number-1]
			comment := strings.TrimLeft(line, "\t")
			indent := len(line) - len(comment)
			if !strings.HasPrefix(comment, "// ") {
				continue // it follows code, is a directive, or is preformatted
			}
			if columns := indent*tabColumns + utf8.RuneCountInString(comment); columns > commentColumns {
				findings = append(findings, fmt.Sprintf("%s:%d: the comment has %d columns, wrap it at %d", name, number, columns, commentColumns))
			}
		}
	}
	return findings
}

// checkSkips finds calls of Skip, Skipf and SkipNow in files that import package testing and in
// test files.
func checkSkips(name string, text []byte) []string {
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, name, text, parser.SkipObjectResolution)
	if err != nil {
		return []string{err.Error()}
	}
	testing := strings.HasSuffix(name, "_test.go") || slices.ContainsFunc(f.Imports, func(s *ast.ImportSpec) bool {
		return s.Path.Value == `"testing"`
	})
	if !testing {
		return nil
	}
	var findings []string
	var enclosing []ast.Node
	ast.Inspect(f, func(n ast.Node) bool {
		if n == nil {
			enclosing = enclosing[:len(enclosing)-1]
			return false
		}
		enclosing = append(enclosing, n)
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		selector, ok := call.Fun.(*ast.SelectorExpr)
		if ok && slices.Contains([]string{"Skip", "Skipf", "SkipNow"}, selector.Sel.Name) && !isBenchmark(enclosing, selector.X) {
			findings = append(findings, fmt.Sprintf("%s:%d: skips a test, which only %s may", name,
				set.Position(call.Pos()).Line, strings.Join(skipsAllowed, ", ")))
		}
		return true
	})
	return findings
}

// isBenchmark reports whether receiver is the *testing.B parameter of the nearest enclosing
// function. A benchmark may be skipped, because it checks nothing.
func isBenchmark(enclosing []ast.Node, receiver ast.Expr) bool {
	for _, n := range slices.Backward(enclosing) {
		var parameters *ast.FieldList
		switch f := n.(type) {
		case *ast.FuncDecl:
			parameters = f.Type.Params
		case *ast.FuncLit:
			parameters = f.Type.Params
		default:
			continue
		}
		for _, field := range parameters.List {
			for _, parameter := range field.Names {
				if types.ExprString(receiver) == parameter.Name {
					return types.ExprString(field.Type) == "*testing.B"
				}
			}
		}
	}
	return false
}
