package platform

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"

	"github.com/edgewise-go/edgewise/magefiles/internal/command"
	"golang.org/x/sync/errgroup"
)

// linksAtOnce bounds the test programs that are linked at the same time. Each linker uses several
// processors.
const linksAtOnce = 2

// Package is a requested package.
type Package struct {
	Path string // its import path
	Dir  string // relative to the root, with slashes
	// Program is the name of its test program in the directory src/Dir of the stage. It is empty if
	// the package has no tests for the platform.
	Program string
}

// Stage is a directory with compiled tests. It can be copied as a whole to a machine without Go,
// where the script in it runs the tests. The tests can also run from here through a command.
//
// The directory is bin/GOOS_GOARCH below the root of the workspace:
//
//	run.sh                    runs all tests; its arguments go to each test program
//	src/sys/sys.test          a test program, in the directory of its package
//	src/sys/...               the files of the modules: tests read testdata, and some read sources
//
// The other machine needs only a POSIX shell for run.sh. Its exit status is 0 if all tests passed.
type Stage struct {
	Dir      string // absolute
	Platform Platform
	Packages []Package
}

// PackageDir returns the directory of p in the stage. Its tests must run in that directory.
func (s *Stage) PackageDir(p Package) string {
	return filepath.Join(s.Dir, "src", filepath.FromSlash(p.Dir))
}

// Dir returns the directory in which Build puts the tests for p.
func Dir(root string, p Platform) string {
	return filepath.Join(root, "bin", p.OS+"_"+p.Arch)
}

// Build compiles the tests of all packages that patterns match, without cgo and for p. modules are
// directories below root, or "." for root itself. Build removes the previous contents of the
// directory.
func Build(ctx context.Context, out io.Writer, root string, p Platform, modules []string, patterns ...string) (*Stage, error) {
	s := &Stage{Dir: Dir(root, p), Platform: p}
	env := []string{"GOOS=" + p.OS, "GOARCH=" + p.Arch, "CGO_ENABLED=0"}
	if err := s.list(root, env, patterns); err != nil {
		return nil, err
	}
	if err := os.RemoveAll(s.Dir); err != nil {
		return nil, err
	}
	for _, m := range modules {
		if err := copyTree(filepath.Join(s.Dir, "src", filepath.FromSlash(m)), filepath.Join(root, filepath.FromSlash(m))); err != nil {
			return nil, err
		}
	}
	if err := s.compile(ctx, out, root, env); err != nil {
		return nil, err
	}
	return s, os.WriteFile(filepath.Join(s.Dir, "run.sh"), []byte(s.script()), 0o777)
}

func (s *Stage) list(root string, env, patterns []string) error {
	const format = "{{.ImportPath}}\t{{.Dir}}\t{{if or .TestGoFiles .XTestGoFiles}}tests{{end}}"
	// A package whose files are all for other systems is not an error. It is just absent.
	text, err := command.Output(root, env, "go", append([]string{"list", "-e", "-f", format}, patterns...)...)
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Split(strings.TrimRight(line, "\r\n"), "\t")
		dir, err := filepath.Rel(root, fields[1])
		if err != nil {
			return err
		}
		p := Package{Path: fields[0], Dir: filepath.ToSlash(dir)}
		if fields[2] != "" {
			p.Program = path.Base(p.Path) + ".test"
			if s.Platform.OS == "windows" {
				p.Program += ".exe"
			}
		}
		s.Packages = append(s.Packages, p)
	}
	return nil
}

// compile builds the test programs and returns the first error.
func (s *Stage) compile(ctx context.Context, out io.Writer, root string, env []string) error {
	var mu sync.Mutex // guards out
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(linksAtOnce)
	for _, p := range s.Packages {
		if p.Program == "" {
			fmt.Fprintf(out, "none\t%s\tno tests for %s\n", p.Path, s.Platform)
			continue
		}
		group.Go(func() error {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			program := filepath.Join(s.PackageDir(p), p.Program)
			_, err := command.Output(root, env, "go", "test", "-c", "-o", program, "./"+p.Dir)
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			fmt.Fprintf(out, "built\t%s\t%s\n", s.Platform, p.Path)
			return nil
		})
	}
	return group.Wait()
}

// copyTree copies the regular files below from, except those of nested modules and those in
// directories whose names git ignores.
func copyTree(to, from string) error {
	return filepath.WalkDir(from, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, name)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		switch {
		case d.IsDir() && (d.Name() == "bin" || d.Name() == ".cache" || d.Name() == ".git"):
			return filepath.SkipDir
		case d.IsDir() && rel != "." && isModule(name):
			return filepath.SkipDir
		case d.IsDir():
			return os.MkdirAll(target, 0o777)
		case d.Name() == ".git": // a file in a worktree of git
			return nil
		case !d.Type().IsRegular() || strings.HasSuffix(name, ".test") || strings.HasSuffix(name, ".exe"):
			return nil
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		return os.WriteFile(target, data, 0o666)
	})
}

func isModule(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil
}
