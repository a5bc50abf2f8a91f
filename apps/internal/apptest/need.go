package apptest

import (
	"os"
	"os/exec"
	"testing"
)

// RequireVariable names the environment variable that makes a missing program a failure. Set it on
// machines where no test may be skipped.
const RequireVariable = "EDGEWISE_REQUIRE"

// Need returns the path of a program that is not part of this repository. If the program is
// missing, Need skips the test with the reason, or fails it if RequireVariable is set.
func Need(t testing.TB, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err == nil {
		return path
	}
	if os.Getenv(RequireVariable) != "" {
		t.Fatalf("%s needs %s: %v", t.Name(), program, err)
	}
	t.Skipf("N/A %s: needs %s", t.Name(), program)
	return ""
}
