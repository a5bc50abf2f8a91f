package matrix

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
)

// Record keeps what a run on platform has logged, lines that begin with CONFORMANCE, below root
// until the next run on it: comparing needs no second run.
func Record(root, platform string, lines []string) error {
	m := Matrix{platform: {}}
	for _, line := range lines {
		if err := m.Add(platform, strings.TrimPrefix(line, "CONFORMANCE ")); err != nil {
			return err
		}
	}
	return m.Write(filepath.Join(records(root), fileName(platform)), "what the last run has seen")
}

// Recorded returns all that is recorded below root.
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

// Forget removes all that is recorded below root.
func Forget(root string) error { return os.RemoveAll(records(root)) }

// Drop removes what is recorded for platform: a run that was interrupted, or in which something
// failed, says nothing about what it did not come to.
func Drop(root, platform string) error {
	return os.RemoveAll(filepath.Join(records(root), fileName(platform)))
}

func records(root string) string { return filepath.Join(root, ".cache", "conformance") }

// fileName returns platform with an underscore for everything that a name of a file should not
// have.
func fileName(platform string) string {
	return strings.Map(func(r rune) rune {
		if r == '-' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' {
			return r
		}
		return '_'
	}, platform) + ".txt"
}
