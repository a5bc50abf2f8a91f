package apptest

import (
	"fmt"
	"testing"
)

// StartVia is like Start, but another program starts this one. via is its command line, to which
// StartVia appends the program and its arguments.
func (p *Program) StartVia(t testing.TB, via []string, args ...string) *Process {
	t.Helper()
	return p.start(t, "", nil, via, args)
}

// WithDescriptors returns the command line of a program that runs others with at most n
// descriptors.
func WithDescriptors(n int) []string {
	return []string{"sh", "-c", fmt.Sprintf(`ulimit -n %d; exec "$@"`, n), "sh"}
}
