package main

import (
	"context"
	"os"
	"path/filepath"
)

// buildEcho builds the echo server of this workspace, and returns its path and what removes it.
func buildEcho(ctx context.Context) (path string, remove func(), err error) {
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
