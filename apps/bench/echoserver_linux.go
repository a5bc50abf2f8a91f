package main

import (
	"context"
	"flag"
	"os"
	"path/filepath"
)

// registerEcho adds the flag for buildEcho.
func registerEcho(fs *flag.FlagSet) *string {
	return fs.String("echo", "", "program echo to measure; the one of this workspace is built if empty")
}

// buildEcho builds the echo server of this workspace, and returns its path and what removes it. If
// a path is given, that is it.
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
