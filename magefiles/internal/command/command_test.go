package command

import (
	"strings"
	"testing"
)

func TestOutputSeparatesStreamsAndCarriesStderrInTheError(t *testing.T) {
	out, err := Output(t.TempDir(), []string{"GOOS=plan9", "GOWORK=off"}, "go", "env", "GOOS")
	if err != nil || strings.TrimSpace(string(out)) != "plan9" {
		t.Errorf("got %q, %v, want the environment to reach the command", out, err)
	}
	out, err = Output(t.TempDir(), nil, "go", "no-such-command")
	if err == nil || len(out) != 0 || !strings.Contains(err.Error(), "unknown command") ||
		!strings.HasPrefix(err.Error(), "go no-such-command: exit status 2") {
		t.Errorf("got %q, %v", out, err)
	}
}

func TestCombinedAndStreamShowStderr(t *testing.T) {
	out, err := Combined(t.TempDir(), nil, "go", "no-such-command")
	if err == nil || !strings.Contains(string(out), "unknown command") || strings.Contains(err.Error(), "unknown command") {
		t.Errorf("Combined: got %q, %v", out, err)
	}
	var b strings.Builder
	err = Stream(&b, t.TempDir(), nil, "go", "no-such-command")
	if err == nil || !strings.Contains(b.String(), "unknown command") {
		t.Errorf("Stream: got %q, %v", b.String(), err)
	}
	if err := Stream(&b, t.TempDir(), nil, "no-such-program"); err == nil {
		t.Error("Stream: no error for a program that does not exist")
	}
}
