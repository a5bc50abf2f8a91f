package platform

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/edgewise-go/edgewise/magefiles/internal/testrun"
)

// Runner returns the command that runs program, an absolute path, with args.
type Runner func(ctx context.Context, program string, args ...string) *exec.Cmd

// CommandLine returns the Runner that appends the program and its arguments to line. It splits line
// at white space: put arguments that need quotes into a script. A first word without a slash is
// looked up in PATH.
func CommandLine(line string) (Runner, error) {
	words := strings.Fields(line)
	if len(words) == 0 {
		return nil, fmt.Errorf("the command is empty: want a command to which the path of a test program is appended, such as qemu-aarch64")
	}
	path, err := exec.LookPath(words[0])
	if err != nil {
		return nil, fmt.Errorf("the command %s cannot be run: %w", words[0], err)
	}
	// The tests run in other directories.
	path, err = filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	before := words[1:]
	return func(ctx context.Context, program string, args ...string) *exec.Cmd {
		all := append(append([]string{}, before...), program)
		return exec.CommandContext(ctx, path, append(all, args...)...)
	}, nil
}

// Exception describes tests that are omitted on a platform.
type Exception struct {
	Where   string // a platform as "windows/amd64", or with its emulator in brackets, as "windows/amd64 (Wine)"
	Package string // directory relative to the root; with "/..." also the directories below it
	Tests   string // a regular expression of top-level tests; all if empty
	Reason  string
}

// Matches reports whether e applies to the package in dir, relative to the root, on the platform
// where.
func (e Exception) Matches(where, dir string) bool {
	if where != e.Where && !strings.HasPrefix(where, e.Where+" (") {
		return false
	}
	below, ok := strings.CutSuffix(e.Package, "/...")
	return dir == below || ok && strings.HasPrefix(dir, below+"/")
}

// Programs returns the test programs of s, to run through runner, without the exceptions that apply
// to where. It names each exception on out and counts it. An exception whose packages have no tests
// there is an error: it is out of date.
func (s *Stage) Programs(out io.Writer, where string, runner Runner, exceptions []Exception) (programs []testrun.Program, left int, err error) {
	stale := make([]bool, len(exceptions))
	used := make([]bool, len(exceptions))
	for _, p := range s.Packages {
		if p.Program == "" {
			for i, e := range exceptions {
				stale[i] = stale[i] || e.Matches(where, p.Dir)
			}
			continue
		}
		var skip []string
		whole := false
		for i, e := range exceptions {
			if !e.Matches(where, p.Dir) {
				continue
			}
			used[i] = true
			left++
			if e.Tests == "" {
				whole = true
				fmt.Fprintf(out, "left\t%s\t%s\n", p.Path, e.Reason)
				break
			}
			if _, err := regexp.Compile(e.Tests); err != nil {
				return nil, 0, err
			}
			skip = append(skip, e.Tests)
			fmt.Fprintf(out, "left\t%s %s\t%s\n", p.Path, e.Tests, e.Reason)
		}
		if whole {
			continue
		}
		dir := s.PackageDir(p)
		program := filepath.Join(dir, p.Program)
		programs = append(programs, testrun.Program{
			Package: p.Path,
			Skip:    strings.Join(skip, "|"),
			Cmd: func(ctx context.Context, args ...string) *exec.Cmd {
				c := runner(ctx, program, args...)
				c.Dir = dir
				return c
			},
		})
	}
	for i, e := range exceptions {
		if stale[i] && !used[i] {
			return nil, 0, fmt.Errorf("nothing to leave out on %s: %s has no tests there: %s", where, e.Package, e.Reason)
		}
	}
	return programs, left, nil
}
