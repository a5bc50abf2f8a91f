// Package workspace describes the modules of this repository: their names, their next versions, and
// how their go.mod files must refer to each other.
//
// The list is versions.txt at the root. Each line has a directory, a version, and "yes" or "no" for
// released, with leaves first. The directory of the root module is ".". Every other file that names
// the modules is checked against the list.
package workspace

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Module is one line of versions.txt.
type Module struct {
	Dir      string // relative to the root, with slashes; "." for the root module
	Path     string // module path
	Version  string // the version of the next tag of the module
	Released bool   // false: never tagged, so nothing outside may require it
}

// Name returns the directory of m, or the last element of its path for the root module.
func (m Module) Name() string {
	if m.Dir == "." {
		return path.Base(m.Path)
	}
	return m.Dir
}

// Tag returns the name of the git tag of m at its version, as the go command expects it: the
// directory is a prefix, except for the root module.
func (m Module) Tag() string { return path.Join(m.Dir, m.Version) }

// Pattern returns the pattern of the packages of m, for a go command in the root.
func (m Module) Pattern() string {
	if m.Dir == "." {
		return "./..." // it matches no package of a nested module
	}
	return "./" + m.Dir + "/..."
}

// Workspace is the set of modules below one root.
type Workspace struct {
	Root    string // directory of versions.txt, go.work and the root go.mod
	Prefix  string // path of the root module; every other path is Prefix/Dir
	Modules []Module
}

// Find returns the workspace whose root is dir or the nearest directory above it that has a
// versions.txt.
func Find(dir string) (*Workspace, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "versions.txt")); err == nil {
			return Open(dir)
		}
		up := filepath.Dir(dir)
		if up == dir {
			return nil, fmt.Errorf("workspace: no versions.txt here or above")
		}
		dir = up
	}
}

// Open reads the workspace at root.
func Open(root string) (*Workspace, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	mod, err := ReadGoMod(root)
	if err != nil {
		return nil, err
	}
	w := &Workspace{Root: root, Prefix: mod.Module.Path}
	name := filepath.Join(root, "versions.txt")
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	w.Modules, err = parseVersions(w.Prefix, string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return w, nil
}

var version = regexp.MustCompile(`^v(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?$`)

func parseVersions(prefix, text string) ([]Module, error) {
	var modules []Module
	lines := bufio.NewScanner(strings.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Fields(line)
		if len(f) != 3 {
			return nil, fmt.Errorf("line %d: want directory, version and yes or no", n)
		}
		if !fs.ValidPath(f[0]) {
			return nil, fmt.Errorf("line %d: %q is neither . nor a directory below the root", n, f[0])
		}
		if !version.MatchString(f[1]) {
			return nil, fmt.Errorf("line %d: %q is not a semantic version", n, f[1])
		}
		if f[2] != "yes" && f[2] != "no" {
			return nil, fmt.Errorf("line %d: released is %q, want yes or no", n, f[2])
		}
		if slices.ContainsFunc(modules, func(m Module) bool { return m.Dir == f[0] }) {
			return nil, fmt.Errorf("line %d: %s is listed twice", n, f[0])
		}
		modules = append(modules, Module{Dir: f[0], Path: path.Join(prefix, f[0]), Version: f[1], Released: f[2] == "yes"})
	}
	if !slices.ContainsFunc(modules, func(m Module) bool { return m.Dir == "." }) {
		return nil, fmt.Errorf("does not list the root module, whose line begins with a dot")
	}
	return modules, errors.Join(lines.Err(), distinctRoot(modules))
}

// distinctRoot returns an error if a released module has the version of the root module. The go
// command looks for a package in the root first. A root that it has seen at the same version, and
// that lacks the package, ends its search (golang/go#58116).
func distinctRoot(modules []Module) error {
	root := modules[slices.IndexFunc(modules, func(m Module) bool { return m.Dir == "." })]
	for _, m := range modules {
		if m.Released && m.Dir != "." && m.Version == root.Version {
			return fmt.Errorf("the root module and %s have the version %s: the root needs one of its own", m.Dir, m.Version)
		}
	}
	return nil
}

// Module returns the module at dir.
func (w *Workspace) Module(dir string) (Module, bool) {
	for _, m := range w.Modules {
		if m.Dir == dir {
			return m, true
		}
	}
	return Module{}, false
}

// Owner returns the directory of the module that contains the package with that import path. A path
// in no other module belongs to the root module. ours is false for a path outside the workspace.
func (w *Workspace) Owner(importPath string) (dir string, ours bool) {
	if importPath != w.Prefix && !strings.HasPrefix(importPath, w.Prefix+"/") {
		return "", false
	}
	dir = "."
	for _, m := range w.Modules {
		if importPath == m.Path || strings.HasPrefix(importPath, m.Path+"/") {
			if dir == "." || len(m.Dir) > len(dir) {
				dir = m.Dir
			}
		}
	}
	return dir, true
}

// GoFiles returns the .go files of the module at dir, relative to the root and with slashes,
// regardless of their build constraints. It omits what the go command omits: nested modules,
// vendor, testdata and names that begin with a dot or an underscore.
func (w *Workspace) GoFiles(dir string) ([]string, error) {
	var files []string
	top := filepath.Join(w.Root, filepath.FromSlash(dir))
	err := filepath.WalkDir(top, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		hidden := strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_")
		if d.IsDir() {
			if file == top {
				return nil
			}
			if hidden || name == "testdata" || name == "vendor" {
				return filepath.SkipDir
			}
			if _, err := os.Stat(filepath.Join(file, "go.mod")); err == nil {
				return filepath.SkipDir
			}
			return nil
		}
		if strings.HasSuffix(name, ".go") && !hidden {
			rel, err := filepath.Rel(w.Root, file)
			if err != nil {
				return err
			}
			files = append(files, filepath.ToSlash(rel))
		}
		return nil
	})
	return files, err
}
