package testrun

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/edgewise-go/edgewise/magefiles/internal/command"
)

// RaceDetector reports whether programs built with -race run on this machine, and the reason if
// not. It builds and runs one: the detector needs a supported platform, a C compiler, and the
// expected layout of the address space. Only a run shows all three.
func RaceDetector() (works bool, reason string) {
	dir, err := os.MkdirTemp("", "race")
	if err != nil {
		return false, err.Error()
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "main.go")
	if err := os.WriteFile(file, []byte("package main\n\nfunc main() {}\n"), 0o666); err != nil {
		return false, err.Error()
	}
	out, err := command.Combined(dir, []string{"GOWORK=off", "GO111MODULE=on"}, "go", "run", "-race", file)
	if err != nil {
		text, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
		return false, fmt.Sprintf("%v: %s", err, text)
	}
	return true, ""
}
