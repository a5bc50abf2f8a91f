// Package matrix stores the conformance results of each platform. Per implementation of each
// contract it counts the cases that passed, did not apply, were waived and were violated. The
// committed file is compared with the results of a run, so that no case disappears unnoticed.
//
// The file is text. A line that begins in the first column names a platform. Each line below it,
// after a tab, has a contract, an implementation, a colon and its counts. Lines that begin with #
// are comments.
package matrix

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Matrix maps each platform, and each contract and implementation as in "queue epoll+eventfd", to
// the counts.
type Matrix map[string]map[string]string

// unavailable begins the text of an implementation that the system refuses.
const unavailable = "unavailable"

// Add records line, which is "CONTRACT IMPLEMENTATION: COUNTS", for platform. A second result for
// the same implementation is stored under the name with a number appended.
func (m Matrix) Add(platform, line string) error {
	key, text, ok := strings.Cut(line, ": ")
	if !ok || len(strings.Fields(key)) < 2 {
		return fmt.Errorf("matrix: %q is not a result: want CONTRACT IMPLEMENTATION: COUNTS", line)
	}
	if m[platform] == nil {
		m[platform] = map[string]string{}
	}
	first := key
	for n := 2; ; n++ {
		if _, ok := m[platform][key]; !ok {
			break
		}
		key = fmt.Sprintf("%s (%d)", first, n)
	}
	m[platform][key] = text
	return nil
}

// Read returns the matrix in the file. A missing file is an empty matrix.
func Read(name string) (Matrix, error) {
	m := Matrix{}
	text, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	if err != nil {
		return nil, err
	}
	platform := ""
	lines := bufio.NewScanner(strings.NewReader(string(text)))
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		result, ok := strings.CutPrefix(line, "\t")
		switch {
		case strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#"):
		case ok && platform != "":
			if err := m.Add(platform, result); err != nil {
				return nil, fmt.Errorf("%s:%d: %w", name, n, err)
			}
		case ok:
			return nil, fmt.Errorf("%s:%d: a result before the first platform", name, n)
		default:
			platform = line
			m[platform] = map[string]string{}
		}
	}
	return m, lines.Err()
}

// Write writes m to the file, sorted, after the comment.
func (m Matrix) Write(name, comment string) error {
	var b strings.Builder
	for line := range strings.Lines(comment) {
		fmt.Fprintf(&b, "# %s\n", strings.TrimRight(line, "\n"))
	}
	for _, platform := range slices.Sorted(maps.Keys(m)) {
		fmt.Fprintf(&b, "%s\n", platform)
		for _, key := range slices.Sorted(maps.Keys(m[platform])) {
			fmt.Fprintf(&b, "\t%s: %s\n", key, m[platform][key])
		}
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		return err
	}
	return os.WriteFile(name, []byte(b.String()), 0o666)
}

// Difference is the result of Compare.
type Difference struct {
	// Lines are the differences, as in a diff: "-" is committed and was not seen, "+" was seen and
	// is not committed.
	Lines []string
	// Unavailable are the implementations that are committed with counts and that this system
	// refuses.
	Unavailable []string
}

// Compare compares the platforms of seen with the same platforms of committed. It ignores platforms
// that were not run, and the reasons why an implementation is unavailable.
func Compare(committed, seen Matrix) Difference {
	var d Difference
	for _, platform := range slices.Sorted(maps.Keys(seen)) {
		want, got := committed[platform], seen[platform]
		keys := maps.Clone(want)
		if keys == nil {
			keys = map[string]string{}
		}
		maps.Copy(keys, got)
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			w, wanted := want[key]
			g, gotten := got[key]
			switch {
			case wanted && gotten && (w == g || refused(w) && refused(g)):
			case wanted && gotten && refused(g):
				d.Unavailable = append(d.Unavailable, fmt.Sprintf("%s: %s: %s", platform, key, g))
			default:
				if wanted {
					d.Lines = append(d.Lines, fmt.Sprintf("- %s: %s: %s", platform, key, w))
				}
				if gotten {
					d.Lines = append(d.Lines, fmt.Sprintf("+ %s: %s: %s", platform, key, g))
				}
			}
		}
	}
	return d
}

func refused(text string) bool { return strings.HasPrefix(text, unavailable) }

// Replace puts the platforms of seen into m, each as a whole. If the system refuses an
// implementation for which m has counts, the counts stay: another machine has produced them.
func (m Matrix) Replace(seen Matrix) {
	for platform, got := range seen {
		results := maps.Clone(got)
		for key, text := range got {
			if before, ok := m[platform][key]; ok && refused(text) {
				results[key] = before
			}
		}
		m[platform] = results
	}
}
