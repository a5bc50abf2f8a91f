package workspace

import (
	"fmt"
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/edgewise-go/edgewise/magefiles/internal/command"
)

// Siblings lists the other modules of the workspace that the go.mod of one module must mention.
type Siblings struct {
	Imported []string // modules that its packages or their tests import, on any platform
	Graph    []string // Imported and all that those need: without a replace of each, GOWORK=off does not build
}

// Siblings returns what the imports of every module demand, by directory.
func (w *Workspace) Siblings() (map[string]Siblings, error) {
	direct := map[string][]string{}
	for _, m := range w.Modules {
		imported, err := w.importedModules(m)
		if err != nil {
			return nil, err
		}
		direct[m.Dir] = imported
	}
	all := map[string]Siblings{}
	for _, m := range w.Modules {
		graph := slices.Clone(direct[m.Dir])
		for i := 0; i < len(graph); i++ {
			for _, next := range direct[graph[i]] {
				if next != m.Dir && !slices.Contains(graph, next) {
					graph = append(graph, next)
				}
			}
		}
		slices.Sort(graph)
		all[m.Dir] = Siblings{Imported: direct[m.Dir], Graph: graph}
	}
	return all, nil
}

func (w *Workspace) importedModules(m Module) ([]string, error) {
	files, err := w.GoFiles(m.Dir)
	if err != nil {
		return nil, err
	}
	var dirs []string
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(w.Root, name), nil, parser.ImportsOnly)
		if err != nil {
			return nil, err
		}
		for _, spec := range f.Imports {
			importPath, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			dir, ours := w.Owner(importPath)
			if ours && dir != m.Dir && !slices.Contains(dirs, dir) {
				dirs = append(dirs, dir)
			}
		}
	}
	slices.Sort(dirs)
	return dirs, nil
}

// CheckSiblings returns a sentence for every difference between go.work or a go.mod file and the
// demands of versions.txt and the imports. It reports a missing or stale require of a sibling, and
// a replace that is missing, superfluous or points elsewhere. It also reports a toolchain line, a
// tool line of a released module, and a module that is not in the workspace.
func (w *Workspace) CheckSiblings() ([]string, error) {
	want, err := w.Siblings()
	if err != nil {
		return nil, err
	}
	findings, err := w.checkUses()
	if err != nil {
		return nil, err
	}
	for _, m := range w.Modules {
		mod, err := ReadGoMod(filepath.Join(w.Root, m.Dir))
		if err != nil {
			return nil, err
		}
		for _, text := range w.checkGoMod(m, mod, want[m.Dir]) {
			findings = append(findings, path.Join(m.Dir, "go.mod")+": "+text)
		}
	}
	return findings, nil
}

func (w *Workspace) checkUses() ([]string, error) {
	dirs, err := uses(w.Root)
	if err != nil {
		return nil, err
	}
	for i := range dirs {
		dirs[i] = path.Clean(filepath.ToSlash(dirs[i]))
	}
	var findings []string
	var expected []string
	for _, m := range w.Modules {
		expected = append(expected, m.Dir)
	}
	for _, dir := range expected {
		if !slices.Contains(dirs, dir) {
			findings = append(findings, fmt.Sprintf("go.work: does not use %s", dir))
		}
	}
	for _, dir := range dirs {
		if !slices.Contains(expected, dir) {
			findings = append(findings, fmt.Sprintf("go.work: uses %s, which versions.txt does not name", dir))
		}
	}
	return findings, nil
}

func (w *Workspace) checkGoMod(m Module, mod GoMod, want Siblings) []string {
	var findings []string
	say := func(format string, args ...any) { findings = append(findings, fmt.Sprintf(format, args...)) }
	if mod.Module.Path != m.Path {
		say("module is %s, want %s", mod.Module.Path, m.Path)
	}
	if mod.Toolchain != "" {
		say("has a toolchain line, which every user would inherit")
	}
	if m.Released && len(mod.Tool) > 0 {
		say("has a tool line for %s, whose module every importer would receive", mod.Tool[0].Path)
	}
	required := map[string]bool{}
	for _, r := range mod.Require {
		dir, ours := w.Owner(r.Path)
		if !ours {
			continue
		}
		sibling, _ := w.Module(dir)
		required[dir] = true
		switch {
		case sibling.Path != r.Path:
			say("requires %s, which is not a module of versions.txt", r.Path)
		case !slices.Contains(want.Graph, dir):
			say("requires %s, which nothing here imports", dir)
		case r.Version != sibling.Version:
			say("requires %s %s, versions.txt has %s", dir, r.Version, sibling.Version)
		case m.Released && !sibling.Released:
			say("requires %s, which is not released", dir)
		}
	}
	for _, dir := range want.Imported {
		if !required[dir] {
			say("does not require %s, which is imported", dir)
		}
	}
	return append(findings, w.checkReplaces(m, mod, want)...)
}

func (w *Workspace) checkReplaces(m Module, mod GoMod, want Siblings) []string {
	var findings []string
	say := func(format string, args ...any) { findings = append(findings, fmt.Sprintf(format, args...)) }
	replaced := map[string]bool{}
	for _, r := range mod.Replace {
		dir, ours := w.Owner(r.Old.Path)
		if sibling, _ := w.Module(dir); !ours || r.Old.Path != sibling.Path {
			say("replaces %s: only siblings may be replaced, because a replace is ignored in dependencies", r.Old.Path)
			continue
		}
		replaced[dir] = true
		if !slices.Contains(want.Graph, dir) {
			say("replaces %s, which is not in its graph", dir)
		} else if r.Old.Version != "" || r.New.Version != "" || r.New.Path != relative(m.Dir, dir) {
			say("replaces %s by %s, want %s for every version",
				strings.TrimSpace(dir+" "+r.Old.Version), strings.TrimSpace(r.New.Path+" "+r.New.Version), relative(m.Dir, dir))
		}
	}
	for _, dir := range want.Graph {
		if !replaced[dir] {
			say("does not replace %s, so it does not build with GOWORK=off", dir)
		}
	}
	return findings
}

// WriteSiblings rewrites the go.mod files as CheckSiblings demands. It leaves requires of siblings
// that are not imported directly to `go mod tidy`. That must run next, and also corrects the go.sum
// files.
func (w *Workspace) WriteSiblings() error {
	want, err := w.Siblings()
	if err != nil {
		return err
	}
	for _, m := range w.Modules {
		dir := filepath.Join(w.Root, m.Dir)
		mod, err := ReadGoMod(dir)
		if err != nil {
			return err
		}
		args := w.edits(m, mod, want[m.Dir])
		if len(args) == 0 {
			continue
		}
		if _, err := command.Output(dir, nil, "go", append([]string{"mod", "edit"}, args...)...); err != nil {
			return err
		}
	}
	return nil
}

func (w *Workspace) edits(m Module, mod GoMod, want Siblings) []string {
	var args []string
	for _, r := range mod.Require {
		dir, ours := w.Owner(r.Path)
		sibling, _ := w.Module(dir)
		switch {
		case !ours:
		case r.Path != sibling.Path || !slices.Contains(want.Graph, dir):
			args = append(args, "-droprequire="+r.Path)
		default:
			args = append(args, "-require="+sibling.Path+"@"+sibling.Version)
		}
	}
	for _, dir := range want.Imported {
		sibling, _ := w.Module(dir)
		args = append(args, "-require="+sibling.Path+"@"+sibling.Version)
	}
	var kept []string // a correct replace stays where it is, in a block or not
	for _, r := range mod.Replace {
		dir, ours := w.Owner(r.Old.Path)
		sibling, _ := w.Module(dir)
		switch {
		case !ours:
		case r.Old.Path == sibling.Path && slices.Contains(want.Graph, dir) && r.Old.Version == "" && r.New.Path == relative(m.Dir, dir) && r.New.Version == "":
			kept = append(kept, dir)
		case r.Old.Version != "":
			args = append(args, "-dropreplace="+r.Old.Path+"@"+r.Old.Version)
		default:
			args = append(args, "-dropreplace="+r.Old.Path)
		}
	}
	for _, dir := range want.Graph {
		if !slices.Contains(kept, dir) {
			sibling, _ := w.Module(dir)
			args = append(args, "-replace="+sibling.Path+"="+relative(m.Dir, dir))
		}
	}
	return args
}

// relative returns the path of a replace, from one module's directory to the other's, with slashes.
func relative(from, to string) string {
	up := "./"
	if from != "." {
		up = strings.Repeat("../", strings.Count(from, "/")+1)
	}
	if to == "." {
		return up
	}
	return up + to
}
