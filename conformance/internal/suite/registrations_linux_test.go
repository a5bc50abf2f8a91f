package suite

import (
	"os"
	"strings"
	"testing"
)

func TestRegistrationsAreThoseOfTheKernel(t *testing.T) {
	// The runtime has its own epoll descriptor after a pollable file was opened.
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	defer r.Close()
	if got := registrations(); !strings.Contains(got, "[eventpoll]") || !strings.Contains(got, "tfd:") {
		t.Errorf("got %q, want a registration", got)
	}
}
