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

// Committed is the file with the accepted results, relative to the root of the workspace.
const Committed = "conformance/matrix.txt"

const comment = `What the conformance suites find, on each platform for each implementation of each contract:
cases that pass, do not apply because the system or the implementation lacks something, are waived, are violated;
in brackets the same for the cases of each mode in which a queue reports.
Written by "go tool mage conformanceWrite", compared by "go tool mage conformance".`

// Check compares the results recorded below root with the committed ones and writes the differences
// to out. If strict is set, an implementation that is committed with counts but unavailable here is
// also an error.
func Check(out io.Writer, root string, strict bool) error {
	seen, err := Recorded(root)
	if err != nil {
		return err
	}
	if len(seen) == 0 {
		return errors.New("conformance: nothing is recorded: run go tool mage conformance")
	}
	want, err := Read(filepath.Join(root, filepath.FromSlash(Committed)))
	if err != nil {
		return err
	}
	d := Compare(want, seen)
	for _, line := range d.Unavailable {
		fmt.Fprintln(out, "not available here:", line)
	}
	for _, line := range d.Lines {
		fmt.Fprintln(out, line)
	}
	switch {
	case len(d.Lines) > 0:
		return fmt.Errorf("conformance: %d lines differ from %s; if this is intended, accept it: go tool mage conformanceWrite", len(d.Lines), Committed)
	case strict && len(d.Unavailable) > 0:
		return fmt.Errorf("conformance: %d implementations must be available and are not", len(d.Unavailable))
	}
	fmt.Fprintf(out, "conformance: as in %s: %s\n", Committed, strings.Join(slices.Sorted(maps.Keys(seen)), ", "))
	return nil
}

var violated = regexp.MustCompile(` [1-9]\d* violated`)

// Accept writes the results recorded below root into the committed file, for the platforms that
// were run. It refuses a violation: fix it, or waive it with a reason.
func Accept(out io.Writer, root string) error {
	seen, err := Recorded(root)
	if err != nil {
		return err
	}
	if len(seen) == 0 {
		return errors.New("conformance: nothing is recorded: run go tool mage conformance")
	}
	for platform, results := range seen {
		for key, text := range results {
			if violated.MatchString(text) {
				return fmt.Errorf("conformance: not accepted: %s: %s: %s", platform, key, text)
			}
		}
	}
	name := filepath.Join(root, filepath.FromSlash(Committed))
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
