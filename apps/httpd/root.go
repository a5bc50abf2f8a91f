package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/edgewise-go/edgewise/apps/internal/cli"
)

// followed is the directory that a path names at present. The path may be a symbolic link that is
// switched to another directory. A directory may also be removed and created again.
type followed struct {
	path    string // absolute: a removed working directory has no relative paths
	mu      sync.Mutex
	current *servedRoot
}

// servedRoot is one directory that the path has named.
type servedRoot struct {
	*os.Root
	owner *followed
	info  os.FileInfo

	// Guarded by owner.mu.
	users    int
	replaced bool
}

// openRoot opens the directory and reads from it. It refuses an unreadable directory at the start
// instead of with each request.
func openRoot(name string) (*followed, error) {
	if _, err := os.ReadDir(name); err != nil {
		return nil, cli.Usagef("-root: %w", err)
	}
	path, err := filepath.Abs(name)
	if err != nil {
		return nil, cli.Usagef("-root: %w", err)
	}
	f := &followed{path: path}
	r, err := f.acquire()
	if err != nil {
		return nil, cli.Usagef("-root: %w", err)
	}
	r.release()
	return f, nil
}

// acquire returns the directory that the path names now, for one request. It costs a stat(2). While
// the directory is open its inode number is not used again, so the comparison detects every other
// directory.
func (f *followed) acquire() (*servedRoot, error) {
	info, err := os.Stat(f.path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		// Not opened: a named pipe would stall the loop.
		return nil, &fs.PathError{Op: "open", Path: f.path, Err: fs.ErrNotExist}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.current == nil || !os.SameFile(info, f.current.info) {
		next, err := f.open()
		if err != nil {
			return nil, err
		}
		f.replace(next)
	}
	f.current.users++
	return f.current, nil
}

func (f *followed) open() (*servedRoot, error) {
	opened, err := os.OpenRoot(f.path)
	if err != nil {
		return nil, err
	}
	// The path may have been switched since acquire read it. The directory that was opened counts.
	info, err := opened.Stat(".")
	if err != nil {
		opened.Close()
		return nil, err
	}
	return &servedRoot{Root: opened, owner: f, info: info}, nil
}

// The caller of replace holds mu.
func (f *followed) replace(next *servedRoot) {
	if last := f.current; last != nil {
		last.replaced = true
		last.closeUnused()
	}
	f.current = next
}

func (r *servedRoot) release() {
	r.owner.mu.Lock()
	defer r.owner.mu.Unlock()
	r.users--
	r.closeUnused()
}

// The caller of closeUnused holds owner.mu.
func (r *servedRoot) closeUnused() {
	if r.replaced && r.users == 0 {
		r.Close()
	}
}

// close is called at the end, when no request is served any more.
func (f *followed) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.replace(nil)
	f.current = nil
}
