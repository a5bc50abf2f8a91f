//go:build unix

package sys_test

import (
	"net/netip"
	"testing"

	"github.com/edgewise-go/edgewise/sys"
)

func TestSocketErrorIsToldOnce(t *testing.T) {
	to, err := sys.Socket(sys.IPv4)
	if err != nil {
		t.Fatal(err)
	}
	h, err := sys.Socket(sys.IPv4)
	if err != nil {
		t.Fatal(err)
	}
	own(t, to, h)
	if err := sys.Bind(to, netip.MustParseAddrPort("127.0.0.1:0")); err != nil {
		t.Fatal(err)
	}
	addr, err := sys.LocalAddr(to)
	if err != nil {
		t.Fatal(err)
	}
	if got := outcome(t, h, sys.Connect(h, addr)); sys.ClassOf(got) != sys.ClassRefused {
		t.Errorf("connect to an address where nobody listens: %v", got)
	}
	if again := sys.SocketError(h); again != nil {
		t.Errorf("the error is told twice: %v", again)
	}
}
