// Package interoptest finds and runs the servers of others that the tests of interop need.
package interoptest

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// RequireVariable names the environment variable that makes a missing program a failure. Set it on
// machines where no test may be skipped.
const RequireVariable = "EDGEWISE_REQUIRE"

// Need returns the path of a program that is not part of this repository. It looks in PATH, then in
// the directories that match the patterns in also. If the program is missing, Need skips the test
// with the reason, or fails it if RequireVariable is set.
func Need(t testing.TB, program string, also ...string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err == nil {
		return path
	}
	for _, pattern := range also {
		// Names sort by version, and the last is the newest. Glob fails only for a bad pattern.
		found, _ := filepath.Glob(filepath.Join(pattern, program))
		if len(found) > 0 {
			return slices.Max(found)
		}
	}
	if os.Getenv(RequireVariable) != "" {
		t.Fatalf("%s needs %s: %v", t.Name(), program, err)
	}
	t.Skipf("N/A %s: needs %s", t.Name(), program)
	return ""
}
