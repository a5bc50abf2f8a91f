// Package toolbox builds the programs that the checks need in addition to Go. tools/go.mod holds
// their versions. It is a module outside the workspace, so that no user of a module inherits them.
package toolbox

import (
	"os"
	"path/filepath"
	"runtime"

	"github.com/edgewise-go/edgewise/internal/command"
)

// Build builds programs of the tools module below root into dir, where Program finds them. Packages
// are import paths, or "./name" for packages of the module itself.
func Build(root, dir string, packages ...string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	args := append([]string{"build", "-o", dir + string(filepath.Separator)}, packages...)
	// The programs run on this machine, regardless of the platform being checked, and without the
	// flags of the caller's environment.
	env := []string{"GOWORK=off", "GOFLAGS=-buildvcs=false", "GOOS=" + runtime.GOOS, "GOARCH=" + runtime.GOARCH}
	_, err = command.Output(filepath.Join(root, "tools"), env, "go", args...)
	return err
}

// Program returns the path of the program name that Build put into dir.
func Program(dir, name string) string {
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return filepath.Join(dir, name)
}
