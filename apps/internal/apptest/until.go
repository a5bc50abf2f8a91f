package apptest

import (
	"testing"
	"time"
)

const pollEvery = 5 * time.Millisecond

// Until asks again and again whether something has come about, and fails the test if it has not
// after d.
func Until(t testing.TB, d time.Duration, what string, come func() bool) {
	t.Helper()
	late := time.After(d)
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for !come() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("not within %v: %s", d, what)
		}
	}
}
