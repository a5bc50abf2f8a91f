package apptest

import (
	"os"
	"strings"
	"testing"
)

// Misuse is an invalid command line, with the expected message.
type Misuse struct {
	Args []string
	Code int
	Says string // a part of the line
}

// CheckMisuse runs the program with each command line. The program must end with the code and print
// one line that begins with its name to standard error. It must print nothing else and leave no
// file in its directory.
func (p *Program) CheckMisuse(t *testing.T, table []Misuse) {
	t.Helper()
	for _, m := range table {
		t.Run(strings.Join(m.Args, " "), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			r := p.Run(t, dir, nil, m.Args...)
			if r.Code != m.Code {
				t.Errorf("got exit code %d, want %d", r.Code, m.Code)
			}
			if r.Stdout != "" {
				t.Errorf("got %q on standard output, want nothing", r.Stdout)
			}
			if strings.Count(r.Stderr, "\n") != 1 || !strings.HasPrefix(r.Stderr, p.name+": ") || !strings.Contains(r.Stderr, m.Says) {
				t.Errorf("got %q on standard error, want one line that begins with %q and contains %q", r.Stderr, p.name+": ", m.Says)
			}
			entries, err := os.ReadDir(dir)
			if err != nil || len(entries) != 0 {
				t.Errorf("got %v, %v in the directory, want nothing written", entries, err)
			}
		})
	}
}

// CheckHelp runs the program with args, which ask for help. The program must print its usage and
// end with code 0.
func (p *Program) CheckHelp(t *testing.T, args ...string) {
	t.Helper()
	r := p.Run(t, "", nil, args...)
	if r.Code != 0 || !strings.HasPrefix(r.Stdout, "usage: ") || r.Stderr != "" {
		t.Errorf("%v: got exit code %d, %.80q on standard output, %q on standard error, want the usage", args, r.Code, r.Stdout, r.Stderr)
	}
}
