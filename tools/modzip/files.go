package main

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/zip"
)

// top returns the directory of the module.
func (s source) top() string {
	if s.repo != "" {
		return filepath.Join(s.repo, filepath.FromSlash(s.subdir))
	}
	return s.dir
}

// files returns the files below the directory of the module. It includes those of nested modules,
// which package zip recognizes by their go.mod file and omits.
func (s source) files() ([]zip.File, error) {
	list := s.walk
	if s.repo != "" {
		list = s.unignored
	}
	names, err := list()
	if err != nil {
		return nil, err
	}
	var files []zip.File
	for _, name := range names {
		f := file{name, filepath.Join(s.top(), filepath.FromSlash(name))}
		// A file that was deleted and not yet committed is still in the index.
		if _, err := f.Lstat(); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		files = append(files, f)
	}
	return files, nil
}

// unignored lists the files that a commit of the whole working tree would have.
func (s source) unignored() ([]string, error) {
	list := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate")
	list.Dir, list.Stderr = s.top(), os.Stderr
	out, err := list.Output()
	return slices.DeleteFunc(strings.Split(string(out), "\x00"), func(name string) bool { return name == "" }), err
}

func (s source) walk() (names []string, err error) {
	top := s.top()
	err = filepath.WalkDir(top, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(top, name)
		if err != nil {
			return err
		}
		switch {
		case d.IsDir() && slices.Contains(s.skip, rel):
			return filepath.SkipDir
		case !d.IsDir():
			names = append(names, filepath.ToSlash(rel))
		}
		return nil
	})
	return names, err
}

// file is a [zip.File] on disk.
type file struct{ name, path string }

func (f file) Path() string                 { return f.name }
func (f file) Lstat() (os.FileInfo, error)  { return os.Lstat(f.path) }
func (f file) Open() (io.ReadCloser, error) { return os.Open(f.path) }
