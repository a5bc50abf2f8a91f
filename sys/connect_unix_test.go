//go:build unix

package sys_test

import (
	"testing"

	"github.com/edgewise-go/edgewise/sys"
)

func TestSocketErrorIsToldOnce(t *testing.T) {
	h := bound(t)
	if got := outcome(t, h, sys.Connect(h, refusing(t))); sys.ClassOf(got) != sys.ClassRefused {
		t.Errorf("connect to an address without a listener: got %v, want a refusal", got)
	}
	if again := sys.SocketError(h); again != nil {
		t.Errorf("second SocketError: got %v, want nil", again)
	}
}
