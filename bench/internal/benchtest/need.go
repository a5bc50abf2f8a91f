// Package benchtest skips tests that need a program that is not part of this repository, and says
// how much tests do.
package benchtest

import (
	"os"
	"os/exec"
	"testing"
)

// RequireVariable names the environment variable that makes a missing program a failure. Set it on
// machines where no test may be skipped.
const RequireVariable = "EDGEWISE_REQUIRE"

// Need skips the test with the reason if a program is missing, or fails it if RequireVariable is
// set.
func Need(t testing.TB, program string) {
	t.Helper()
	_, err := exec.LookPath(program)
	switch {
	case err == nil:
	case os.Getenv(RequireVariable) != "":
		t.Fatalf("%s needs %s: %v", t.Name(), program, err)
	default:
		t.Skipf("N/A %s: needs %s", t.Name(), program)
	}
}
