package main

import (
	"context"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/edgewise-go/edgewise/apps/internal/apptest"
)

var program apptest.Program

func TestMain(m *testing.M) {
	code := program.Main(m)
	removeEcho()
	os.Exit(code)
}

// removeEcho removes what buildEchoOnce has built.
var removeEcho = func() {}

// buildEchoOnce builds the echo server once for all benchmarks that measure it.
var buildEchoOnce = sync.OnceValues(func() (string, error) {
	path, remove, err := buildEcho(context.Background(), "")
	if err == nil {
		removeEcho = remove
	}
	return path, err
})

func echoProgram(t *testing.T) string {
	t.Helper()
	path, err := buildEchoOnce()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// succeed runs the program and returns its output. The program must succeed. It runs in the
// directory of the package, where it finds the sources of other programs.
func succeed(t *testing.T, args ...string) string {
	t.Helper()
	r := program.Run(t, ".", nil, args...)
	if r.Code != 0 {
		t.Fatalf("bench %s: got exit code %d, %s\n%s", strings.Join(args, " "), r.Code, r.Stderr, r.Stdout)
	}
	return r.Stdout
}
