package preflight

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/edgewise-go/edgewise/magefiles/internal/command"
	"github.com/edgewise-go/edgewise/magefiles/internal/workspace"
)

// forTests lists the modules from outside that only tests of released modules need: testify, and
// the module that it needs. A go.mod file cannot keep a requirement of its tests from importers.
//
// The go command puts the requirements of each module that a program builds into the build list. It
// prunes only the requirements of those in turn. A build downloads nothing of forTests. After `go
// mod tidy` their checksums are in go.sum, for the tests of the imported packages.
var forTests = []string{"github.com/stretchr/testify", "go.yaml.in/yaml/v3"}

// ofNet lists the modules that the go.mod file of golang.org/x/net requires, for packages that
// nothing here imports. They are in the build list, and neither a build nor `go mod tidy` downloads
// them.
var ofNet = []string{"golang.org/x/crypto", "golang.org/x/term", "golang.org/x/text"}

// receive imports all packages of m into a new module, as a user does with `go get`. It returns a
// sentence per module from outside that this user receives although m needs it neither to build nor
// for tests, such as a tool, together with an error.
func (p *preflight) receive(m workspace.Module, packages []pkg) (string, error) {
	dir, err := os.MkdirTemp(p.temp, "importer")
	if err != nil {
		return "", err
	}
	for name, text := range map[string][]byte{
		"go.mod":  []byte("module importer\n\ngo 1.26.0\n"),
		"main.go": importAll(m, packages),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o666); err != nil {
			return "", err
		}
	}
	get := []string{"get"}
	build := []string{"build", "."} // with a second package, it does not link
	for _, importPath := range importable(m, packages) {
		get = append(get, importPath+"@"+m.Version)
		build = append(build, importPath)
	}
	// A user has default flags and no go.sum file. The consumer of m has put these modules into the
	// module cache and compared their checksums with the workspace's, so none is looked up here.
	env := append(slices.Clone(p.env), "GOFLAGS=-modcacherw", "GONOSUMDB=*")
	var findings []string
	for _, step := range []struct {
		args  []string
		after string   // what the message says of args
		where string   // what then lists the received modules, if anything
		also  []string // may be received in addition to what m builds with
	}{
		{args: get},
		{args: build, after: "build", where: "go.sum"},
		{args: []string{"list", "-m", "all"}, after: "build", where: "the build list", also: slices.Concat(forTests, ofNet)},
		{args: []string{"mod", "tidy"}, after: "mod tidy", where: "go.sum", also: forTests},
	} {
		text, err := command.Output(dir, env, "go", step.args...)
		if err != nil {
			return "", err
		}
		switch step.where {
		case "":
			continue
		case "go.sum":
			// Without requirements there is no such file.
			if text, err = os.ReadFile(filepath.Join(dir, "go.sum")); err != nil && !errors.Is(err, os.ErrNotExist) {
				return "", err
			}
		}
		for line := range strings.Lines(string(text)) {
			name, _, versioned := strings.Cut(strings.TrimSpace(line), " ")
			if versioned && !p.mayReceive(name, step.also) {
				findings = append(findings, fmt.Sprintf("a program that imports %s receives %s: it is in %s after go %s",
					m.Name(), name, step.where, step.after))
			}
		}
	}
	if len(findings) > 0 {
		// A go.sum file has two lines per module that is downloaded.
		return strings.Join(slices.Compact(findings), "\n") + "\n", fmt.Errorf("%s burdens its importers", m.Name())
	}
	return "", nil
}

// mayReceive reports whether an importer may receive the module with that path. It may receive
// released modules of the workspace, the modules that these build with, and those of also.
func (p *preflight) mayReceive(modulePath string, also []string) bool {
	if dir, ours := p.w.Owner(modulePath); ours {
		m, _ := p.w.Module(dir)
		return m.Released && m.Path == modulePath
	}
	return slices.Contains(p.outside, modulePath) || slices.Contains(also, modulePath)
}
