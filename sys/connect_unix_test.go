//go:build unix

package sys_test

import (
	"testing"

	"github.com/edgewise-go/edgewise/sys"
)

func TestSocketErrorIsToldOnce(t *testing.T) {
	h := bound(t)
	if got := outcome(t, h, sys.Connect(h, refusing(t))); sys.ClassOf(got) != sys.ClassRefused {
		t.Errorf("connect to an address where nobody listens: %v", got)
	}
	if again := sys.SocketError(h); again != nil {
		t.Errorf("the error is told twice: %v", again)
	}
}
