// Package preflight proves, before anything is tagged, that each module works for a user who
// downloads it alone. Inside the workspace a replace can hide that a go.mod file requires a version
// of a sibling that lacks what the code uses. A user has no replaces.
//
// Each module is packed into a file-system proxy as its next tag would publish it. A version that
// is already tagged comes from the tag, every other one from the working tree. Then a temporary
// consumer per released module requires that module alone. It vets and builds the packages and runs
// their examples from the proxy. Last, a new module imports the packages and must receive no module
// that only the development of edgewise needs.
package preflight

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/edgewise-go/edgewise/magefiles/internal/command"
	"github.com/edgewise-go/edgewise/magefiles/internal/workspace"
)

// Run checks all released modules of w and writes a line per module to out. modzip is the path of
// the program of the tools module that packs. outside lists the modules from outside the workspace
// that released modules may build with.
func Run(out io.Writer, w *workspace.Workspace, modzip string, outside []string) error {
	temp, err := os.MkdirTemp("", "preflight")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	p := &preflight{out: out, w: w, modzip: modzip, outside: outside, temp: temp, proxy: filepath.Join(temp, "proxy")}
	if err := p.packAll(); err != nil {
		return err
	}
	if p.env, err = p.environment(); err != nil {
		return err
	}
	var failed []string
	for _, m := range w.Modules {
		if !m.Released {
			continue
		}
		start := time.Now()
		if text, err := p.consume(m); err != nil {
			failed = append(failed, m.Name())
			fmt.Fprintf(out, "FAIL\tpreflight %s %s\n%s%v\n", m.Name(), m.Version, text, err)
			continue
		}
		fmt.Fprintf(out, "ok  \tpreflight %s %s\t%.1fs\n", m.Name(), m.Version, time.Since(start).Seconds())
	}
	if len(failed) > 0 {
		return fmt.Errorf("preflight: not usable alone: %s", strings.Join(failed, " "))
	}
	return nil
}

type preflight struct {
	out     io.Writer
	w       *workspace.Workspace
	modzip  string
	outside []string
	temp    string
	proxy   string
	env     []string
}

// want is a version of a module that a user may download.
type want struct {
	module workspace.Module // with the wanted version instead of the planned one
	by     string           // the module that requires it, for the message
}

// packAll packs the released modules at their planned versions, and the versions that they require
// of one another.
func (p *preflight) packAll() error {
	var queue []want
	for _, m := range p.w.Modules {
		if m.Released {
			queue = append(queue, want{m, "versions.txt"})
		}
	}
	var errs []error
	packed := map[string]bool{}
	for len(queue) > 0 {
		next := queue[0]
		queue = queue[1:]
		version := next.module.Path + " " + next.module.Version
		if packed[version] {
			continue
		}
		packed[version] = true
		requires, err := p.pack(next)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		queue = append(queue, requires...)
	}
	return errors.Join(errs...)
}

// pack adds one version to the proxy and returns the siblings that its go.mod requires.
func (p *preflight) pack(next want) ([]want, error) {
	m := next.module
	args := []string{"-proxy", p.proxy, "-module", m.Path, "-version", m.Version}
	subdir := strings.TrimPrefix(m.Dir, ".")
	planned, known := p.w.Module(m.Dir)
	published, err := p.tagged(m)
	if err != nil {
		return nil, err
	}
	switch {
	case !known || planned.Path != m.Path:
		return nil, fmt.Errorf("preflight: %s requires %s, which is not a module of versions.txt", next.by, m.Path)
	case published:
		args = append(args, "-repo", p.w.Root, "-tag", m.Tag(), "-subdir", subdir)
	case !planned.Released:
		return nil, fmt.Errorf("preflight: %s requires %s, which is not released", next.by, m.Name())
	case planned.Version == m.Version && p.cloned():
		args = append(args, "-repo", p.w.Root, "-subdir", subdir)
	case planned.Version == m.Version:
		args = append(args, "-dir", filepath.Join(p.w.Root, filepath.FromSlash(m.Dir)), "-skip", built)
	default:
		return nil, fmt.Errorf("preflight: %s requires %s %s, which is neither tagged nor planned (versions.txt has %s)",
			next.by, m.Name(), m.Version, planned.Version)
	}
	if _, err := command.Output(p.w.Root, nil, p.modzip, args...); err != nil {
		return nil, err
	}
	return p.requires(m)
}

// built names the directories below the root that the targets of mage write. Git ignores them.
const built = ".cache,bin"

// cloned reports whether the workspace is a clone. It may also be a copy of the sources.
func (p *preflight) cloned() bool {
	_, err := os.Stat(filepath.Join(p.w.Root, ".git"))
	return err == nil
}

// tagged reports whether the version is published. Sources without a git clone have no tags. A
// clone whose tags git cannot read is an error: otherwise a stale require would pass.
func (p *preflight) tagged(m workspace.Module) (bool, error) {
	if !p.cloned() {
		return false, nil
	}
	out, err := command.Output(p.w.Root, nil, "git", "tag", "--list", m.Tag())
	return len(out) > 0, err
}

// requires reads the go.mod file of a packed version.
func (p *preflight) requires(m workspace.Module) ([]want, error) {
	// The prefix has no capital letters, which a proxy would escape.
	text, err := os.ReadFile(filepath.Join(p.proxy, filepath.FromSlash(m.Path), "@v", m.Version+".mod"))
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(p.temp, "gomod")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), text, 0o666); err != nil {
		return nil, err
	}
	mod, err := workspace.ReadGoMod(dir)
	if err != nil {
		return nil, err
	}
	var siblings []want
	for _, r := range mod.Require {
		if dir, ours := p.w.Owner(r.Path); ours {
			sibling := workspace.Module{Dir: dir, Path: r.Path, Version: r.Version}
			siblings = append(siblings, want{sibling, m.Name() + " " + m.Version})
		}
	}
	return siblings, nil
}

// environment makes the go command take our modules from the proxy and all others from the module
// cache. Only the rest comes from the proxies that the user has configured.
func (p *preflight) environment() ([]string, error) {
	out, err := command.Output(p.w.Root, nil, "go", "env", "GOMODCACHE", "GOPROXY", "GOFLAGS")
	if err != nil {
		return nil, err
	}
	lines := strings.Split(strings.TrimRight(string(out), "\r\n"), "\n")
	for len(lines) < 3 {
		lines = append(lines, "")
	}
	cache, proxies, flags := strings.TrimSpace(lines[0]), strings.TrimSpace(lines[1]), strings.TrimSpace(lines[2])
	chain := []string{fileURL(p.proxy), fileURL(filepath.Join(cache, "cache", "download"))}
	if proxies != "" {
		chain = append(chain, proxies)
	}
	return []string{
		"GOWORK=off",
		"GOPROXY=" + strings.Join(chain, ","),
		"GOFLAGS=" + strings.TrimSpace(flags+" -mod=mod -modcacherw"),
		"GOMODCACHE=" + filepath.Join(p.temp, "cache"),
		"GONOPROXY=none",
		"GONOSUMDB=" + p.w.Prefix,
	}, nil
}

func fileURL(name string) string {
	name = filepath.ToSlash(name)
	if !strings.HasPrefix(name, "/") {
		name = "/" + name // C:/x on Windows
	}
	return (&url.URL{Scheme: "file", Path: name}).String()
}

// consume uses m from a module that requires nothing else, and from a module to which `go get` adds
// it. It returns the output of the go command together with an error.
func (p *preflight) consume(m workspace.Module) (string, error) {
	dir, err := os.MkdirTemp(p.temp, "consumer")
	if err != nil {
		return "", err
	}
	goMod := fmt.Sprintf("module consumer\n\ngo 1.26.0\n\nrequire %s %s\n", m.Path, m.Version)
	sums, err := p.sums()
	if err != nil {
		return "", err
	}
	for name, text := range map[string]string{"go.mod": goMod, "go.sum": sums} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			return "", err
		}
	}
	packages, err := p.packages(dir, m)
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(dir, "main.go"), importAll(m, packages), 0o666); err != nil {
		return "", err
	}
	var all []string
	for _, found := range packages {
		all = append(all, found.path)
	}
	for _, args := range [][]string{
		append([]string{"build", "."}, all...),
		append([]string{"vet", "."}, all...),
		append([]string{"test", "-run", "^Example"}, all...),
	} {
		if text, err := command.Combined(dir, p.env, "go", args...); err != nil {
			return string(text), err
		}
	}
	return p.receive(m, packages)
}

// pkg is a package of a module: its name and its import path.
type pkg struct{ name, path string }

// packages returns the packages of m, of which the module at dir requires a version.
func (p *preflight) packages(dir string, m workspace.Module) ([]pkg, error) {
	// The pattern also matches packages of modules whose paths begin with that of m.
	out, err := command.Output(dir, p.env, "go", "list", "-f", "{{.Module.Path}} {{.Name}} {{.ImportPath}}", m.Path+"/...")
	if err != nil {
		return nil, err
	}
	var packages []pkg
	for line := range strings.Lines(string(out)) {
		if f := strings.Fields(line); f[0] == m.Path {
			packages = append(packages, pkg{f[1], f[2]})
		}
	}
	return packages, nil
}

// importAll returns a program that imports every package of m that other modules may import.
func importAll(m workspace.Module, packages []pkg) []byte {
	var b strings.Builder
	b.WriteString("package main\n\n")
	for _, importPath := range importable(m, packages) {
		fmt.Fprintf(&b, "import _ %q\n", importPath)
	}
	b.WriteString("\nfunc main() {}\n")
	return []byte(b.String())
}

// importable returns the paths of the packages of m that other modules may import.
func importable(m workspace.Module, packages []pkg) (paths []string) {
	for _, found := range packages {
		elements := strings.Split(strings.TrimPrefix(found.path, path.Dir(m.Path)), "/")
		if found.name != "main" && !slices.Contains(elements, "internal") {
			paths = append(paths, found.path)
		}
	}
	return paths
}

// sums returns the go.sum lines of the whole workspace. The consumer trusts the same checksums of
// other modules as the workspace, and looks up none again.
func (p *preflight) sums() (string, error) {
	var all []string
	for _, m := range p.w.Modules {
		text, err := os.ReadFile(filepath.Join(p.w.Root, filepath.FromSlash(m.Dir), "go.sum"))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return "", err
		}
		all = slices.AppendSeq(all, strings.Lines(string(text)))
	}
	slices.Sort(all)
	return strings.Join(slices.Compact(all), ""), nil
}
