package apptest

import (
	"testing"
	"time"
)

const pollEvery = 5 * time.Millisecond

// Until polls come and fails the test if it has not returned true after d.
func Until(t testing.TB, d time.Duration, what string, come func() bool) {
	t.Helper()
	late := time.After(d)
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for !come() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("timed out after %v waiting for: %s", d, what)
		}
	}
}
