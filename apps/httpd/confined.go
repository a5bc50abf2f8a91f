package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// confined is a directory as the handlers see it: only its regular files and directories. Anything
// outside, by any path or symbolic link, does not exist.
//
// Package os opens every file relative to the directory and follows no link out of it, even if
// files are renamed meanwhile.
type confined struct{ root *servedRoot }

// Open opens a file or directory. It never waits for another process, as opening a named pipe
// ordinarily does: that would stall the loop.
func (c confined) Open(name string) (fs.File, error) {
	file, err := c.openFile(name)
	if err != nil {
		return nil, err
	}
	return file, nil
}

func (c confined) openFile(name string) (*os.File, error) {
	// The file system allows names that are not UTF-8, but package fs does not.
	if !fs.ValidPath(strings.ToValidUTF8(name, "?")) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	path := filepath.FromSlash(name)
	file, err := c.open(path)
	if err != nil && leaves(err) {
		if path, err = c.resolve(path); err == nil {
			file, err = c.open(path)
		}
	}
	if err != nil {
		if isOfName(err) {
			err = &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
		}
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		err = &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

func (c confined) open(path string) (*os.File, error) {
	return c.root.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}

// leaves reports whether err means that a path leaves the root. Package os returns it as an error
// without an errno.
func leaves(err error) bool {
	var errno syscall.Errno
	return !errors.As(err, &errno) && !errors.Is(err, fs.ErrClosed)
}

// isOfName reports whether err, from opening, is caused by the requested name and not by the state
// of the system.
func isOfName(err error) bool {
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return !errors.Is(err, fs.ErrClosed)
	}
	switch errno {
	case syscall.ENOTDIR, syscall.ELOOP, syscall.ENAMETOOLONG, syscall.EINVAL, syscall.ENXIO, syscall.EILSEQ:
		return true
	}
	return false
}
