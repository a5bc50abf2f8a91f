package main

import (
	"os"
	"strings"
	"testing"

	"github.com/edgewise-go/edgewise/apps/internal/apptest"
)

var program apptest.Program

func TestMain(m *testing.M) { os.Exit(program.Main(m)) }

// succeed runs the program, which must succeed, in the directory of the package, where it finds the source of others, and returns what it prints.
func succeed(t *testing.T, args ...string) string {
	t.Helper()
	r := program.Run(t, ".", nil, args...)
	if r.Code != 0 {
		t.Fatalf("bench %s: got exit code %d, %s\n%s", strings.Join(args, " "), r.Code, r.Stderr, r.Stdout)
	}
	return r.Stdout
}
