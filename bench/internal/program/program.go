// Package program builds the programs that the measures load, and loads them.
package program

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/spf13/pflag"
)

// Echo is the import path of the echo program of this workspace.
const Echo = "github.com/edgewise-go/edgewise/apps/echo"

// Build runs a compiler that writes a program to out.
func Build(ctx context.Context, out string, command string, args ...string) error {
	text, err := exec.CommandContext(ctx, command, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("building %s: %w\n%s", filepath.Base(out), err, text)
	}
	return nil
}

// BuildGo builds the program of a package and writes it to out.
func BuildGo(ctx context.Context, out, importPath string) error {
	return Build(ctx, out, "go", "build", "-o", out, importPath)
}

// EchoFlag adds the flag --echo to fs.
func EchoFlag(fs *pflag.FlagSet, path *string) {
	fs.StringVar(path, "echo", "", "echo program to measure; if empty, builds the one of this workspace")
}

// BuildEcho builds the echo program of this workspace. It returns the path and a function that
// removes it. If a path is given, BuildEcho returns that path instead.
func BuildEcho(ctx context.Context, given string) (path string, remove func(), err error) {
	if given != "" {
		return given, func() {}, nil
	}
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return "", nil, err
	}
	remove = func() { os.RemoveAll(dir) }
	path = filepath.Join(dir, "echo")
	if err := BuildGo(ctx, path, Echo); err != nil {
		remove()
		return "", nil, err
	}
	return path, remove, nil
}
