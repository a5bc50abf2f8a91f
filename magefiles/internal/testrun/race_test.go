package testrun

import (
	"strings"
	"testing"
)

func TestRaceDetectorSaysWhyItDoesNotWork(t *testing.T) {
	t.Setenv("CGO_ENABLED", "0")
	// Only darwin has a race detector without cgo. The platform set here has no detector at all.
	t.Setenv("GOOS", "linux")
	t.Setenv("GOARCH", "386")
	works, reason := RaceDetector()
	if works || !strings.Contains(reason, "-race") {
		t.Errorf("got %v, %q, want a reason", works, reason)
	}
}
