package main

import (
	"context"
	"flag"
	"os"
	"path/filepath"
)

// registerEcho adds the flag for buildEcho.
func registerEcho(fs *flag.FlagSet) *string {
	return fs.String("echo", "", "echo program to measure; if empty, builds the one of this workspace")
}

// buildEcho builds the echo server of this workspace. It returns the path and a function that
// removes it. If a path is given, buildEcho returns that path instead.
func buildEcho(ctx context.Context, given string) (path string, remove func(), err error) {
	if given != "" {
		return given, func() {}, nil
	}
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return "", nil, err
	}
	remove = func() { os.RemoveAll(dir) }
	path = filepath.Join(dir, "echo")
	if err := build(ctx, path, "go", "build", "-o", path, "github.com/edgewise-go/edgewise/apps/echo"); err != nil {
		remove()
		return "", nil, err
	}
	return path, remove, nil
}
