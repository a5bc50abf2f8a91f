package matrix

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
)

// Record stores what a run on platform has logged, the lines that begin with CONFORMANCE, below
// root until the next run on that platform. A comparison needs no second run.
func Record(root, platform string, lines []string) error {
	m := Matrix{platform: {}}
	for _, line := range lines {
		if err := m.Add(platform, strings.TrimPrefix(line, "CONFORMANCE ")); err != nil {
			return err
		}
	}
	return m.Write(filepath.Join(records(root), fileName(platform)), "the results of the last run")
}

// Recorded returns everything recorded below root.
func Recorded(root string) (Matrix, error) {
	names, err := filepath.Glob(filepath.Join(records(root), "*.txt"))
	if err != nil {
		return nil, err
	}
	all := Matrix{}
	for _, name := range names {
		m, err := Read(name)
		if err != nil {
			return nil, err
		}
		maps.Copy(all, m)
	}
	return all, nil
}

// Forget removes everything recorded below root.
func Forget(root string) error { return os.RemoveAll(records(root)) }

// Drop removes the record of platform. A run that was interrupted or failed has no result for the
// cases that it did not reach.
func Drop(root, platform string) error {
	return os.RemoveAll(filepath.Join(records(root), fileName(platform)))
}

func records(root string) string { return filepath.Join(root, ".cache", "conformance") }

// fileName returns platform with an underscore in place of each character that does not belong in a
// file name.
func fileName(platform string) string {
	return strings.Map(func(r rune) rune {
		if r == '-' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' {
			return r
		}
		return '_'
	}, platform) + ".txt"
}
