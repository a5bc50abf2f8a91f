package command

import (
	"os"
	"path/filepath"
	"runtime"
)

// BuildTools builds programs of the tools module below root into dir, where ToolPath finds them.
// Packages are import paths, or "./name" for packages of the module itself. tools/go.mod holds
// their versions. That module is outside the workspace, so no user of a module inherits them.
func BuildTools(root, dir string, packages ...string) error {
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
	_, err = Output(filepath.Join(root, "tools"), env, "go", args...)
	return err
}

// ToolPath returns the path of the program name that BuildTools put into dir.
func ToolPath(dir, name string) string {
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return filepath.Join(dir, name)
}
