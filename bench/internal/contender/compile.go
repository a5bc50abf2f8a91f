package contender

import (
	"context"
	"debug/buildinfo"
	"embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/edgewise-go/edgewise/bench/internal/program"
)

//go:embed yardstick
var yardsticks embed.FS

// compiled returns a function that builds a server in C, with the libraries that pkg-config knows
// by these names.
func compiled(name string, libraries ...string) func(context.Context, string) ([]string, string, error) {
	return func(ctx context.Context, dir string) ([]string, string, error) {
		cc, err := exec.LookPath("cc")
		if err != nil {
			return nil, "", err
		}
		text, err := yardsticks.ReadFile("yardstick/" + name + ".c")
		if err != nil {
			return nil, "", err
		}
		source, path := filepath.Join(dir, name+".c"), filepath.Join(dir, name)
		if err := os.WriteFile(source, text, 0o666); err != nil {
			return nil, "", err
		}
		args := []string{"-O2", "-Wall", "-o", path, source}
		version, err := said(ctx, cc, "--version")
		for _, library := range libraries {
			if err != nil {
				break
			}
			var flags string
			if flags, err = said(ctx, "pkg-config", "--cflags", "--libs", library); err != nil {
				break
			}
			args = append(args, strings.Fields(flags)...)
			version, err = said(ctx, "pkg-config", "--modversion", library)
		}
		if err != nil {
			return nil, "", err
		}
		if len(libraries) > 0 {
			version = strings.Join(libraries, " ") + " " + version
		}
		return []string{path}, version, program.Build(ctx, path, cc, args...)
	}
}

// said returns the first line that a command prints.
func said(ctx context.Context, command string, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, command, args...).CombinedOutput()
	line, _, _ := strings.Cut(string(out), "\n")
	if err != nil && line != "" {
		err = fmt.Errorf("%s: %w: %s", filepath.Base(command), err, line)
	}
	return strings.TrimSpace(line), err
}

// moduleVersion returns the version of a module that a Go program was built with.
func moduleVersion(path, module string) (string, error) {
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return "", err
	}
	for _, dep := range info.Deps {
		if dep.Path == module {
			return dep.Version, nil
		}
	}
	return "", fmt.Errorf("contender: %s was built without %s", filepath.Base(path), module)
}
