package apptest

import (
	"fmt"
	"testing"
)

// StartVia is Start by way of another program, which gets the program and its arguments after its
// own.
func (p *Program) StartVia(t testing.TB, via []string, args ...string) *Process {
	t.Helper()
	return p.start(t, "", nil, via, args)
}

// WithDescriptors is a program to run others with at most n descriptors.
func WithDescriptors(n int) []string {
	return []string{"sh", "-c", fmt.Sprintf(`ulimit -n %d; exec "$@"`, n), "sh"}
}
