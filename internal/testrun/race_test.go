package testrun

import (
	"strings"
	"testing"
)

func TestRaceDetectorSaysWhyItDoesNotWork(t *testing.T) {
	t.Setenv("CGO_ENABLED", "0")
	// The one platform whose race detector needs no cgo is darwin; this one has no detector at all.
	t.Setenv("GOOS", "linux")
	t.Setenv("GOARCH", "386")
	works, reason := RaceDetector()
	if works || !strings.Contains(reason, "-race") {
		t.Errorf("got %v, %q, want a reason", works, reason)
	}
}
