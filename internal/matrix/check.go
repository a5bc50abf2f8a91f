package matrix

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// committed is where the matrix is kept, relative to the root.
const committed = "conformance/matrix.txt"

const comment = `What the conformance suites find, on each platform for each implementation of each contract:
cases that pass, do not apply because the system or the implementation lacks something, are waived, are violated;
in brackets the same for the cases of each mode in which a queue reports.
Written by "go tool mage conformanceWrite", compared by "go tool mage conformance".`

// Check compares what is recorded below root with what is committed, and writes the differences to
// out. If strict, an implementation that is refused here, although it is committed with counts, is
// an error too.
func Check(out io.Writer, root string, strict bool) error {
	seen, err := Recorded(root)
	if err != nil {
		return err
	}
	if len(seen) == 0 {
		return errors.New("conformance: nothing is recorded: go tool mage conformance runs the suites")
	}
	want, err := Read(filepath.Join(root, filepath.FromSlash(committed)))
	if err != nil {
		return err
	}
	d := Compare(want, seen)
	for _, line := range d.Unavailable {
		fmt.Fprintln(out, "not to be had here:", line)
	}
	for _, line := range d.Lines {
		fmt.Fprintln(out, line)
	}
	switch {
	case len(d.Lines) > 0:
		return fmt.Errorf("conformance: %d lines differ from %s; if that is meant, accept it: go tool mage conformanceWrite", len(d.Lines), committed)
	case strict && len(d.Unavailable) > 0:
		return fmt.Errorf("conformance: %d implementations must be available and are not", len(d.Unavailable))
	}
	fmt.Fprintf(out, "conformance: as in %s: %s\n", committed, strings.Join(slices.Sorted(maps.Keys(seen)), ", "))
	return nil
}

var violated = regexp.MustCompile(` [1-9]\d* violated`)

// Accept writes what is recorded below root into the committed file, for the platforms that were
// run. It does not accept a violation: that is mended, or waived with a reason.
func Accept(out io.Writer, root string) error {
	seen, err := Recorded(root)
	if err != nil {
		return err
	}
	if len(seen) == 0 {
		return errors.New("conformance: nothing is recorded: go tool mage conformance runs the suites")
	}
	for platform, results := range seen {
		for key, text := range results {
			if violated.MatchString(text) {
				return fmt.Errorf("conformance: not accepted: %s: %s: %s", platform, key, text)
			}
		}
	}
	name := filepath.Join(root, filepath.FromSlash(committed))
	m, err := Read(name)
	if err != nil {
		return err
	}
	for _, line := range Compare(m, seen).Lines {
		fmt.Fprintln(out, line)
	}
	m.Replace(seen)
	return m.Write(name, comment)
}
