package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// linksMax bounds the symbolic links of a path, as the kernel does (path_resolution(7)).
const linksMax = 40

// resolve follows the symbolic links of a path of which at least one is absolute or leaves the
// root. Package os refuses all absolute links; resolve follows those that name something in the
// root.
//
// The result is only a path within the root. Opening it enforces the confinement, whatever has
// changed since.
func (c confined) resolve(path string) (string, error) {
	separator := string(filepath.Separator)
	outside := &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	links := 0
	done := "."
	for rest := path; rest != ""; {
		var element string
		element, rest, _ = strings.Cut(rest, separator)
		switch element {
		case "", ".":
			continue
		case "..":
			if done == "." {
				return "", outside
			}
			done = filepath.Dir(done) // done contains no links
			continue
		}
		next := filepath.Join(done, element)
		info, err := c.root.Lstat(next)
		if err != nil {
			return "", err
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			done = next
			continue
		}
		if links++; links > linksMax {
			return "", outside
		}
		target, err := c.root.Readlink(next)
		if err != nil {
			return "", err
		}
		if filepath.IsAbs(target) {
			inside, ok := c.inside(target)
			if !ok {
				return "", outside
			}
			done, target = ".", inside
		}
		rest = target + separator + rest
	}
	return done, nil
}

// inside returns the part of an absolute path after the root. The path may reach the root by other
// links than the server does. Therefore inside compares each directory on the way with the root,
// the last first: ".." may leave the root and come back.
func (c confined) inside(target string) (string, bool) {
	const separator = string(filepath.Separator)
	for at := target; ; {
		if info, err := os.Stat(at); err == nil && os.SameFile(info, c.root.info) {
			return target[len(at):], true
		}
		i := strings.LastIndex(strings.TrimRight(at, separator), separator)
		if i < 0 {
			return "", false
		}
		at = at[:max(i, len(separator))]
	}
}
