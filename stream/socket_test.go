package stream

import (
	"errors"
	"net"
	"testing"

	"github.com/edgewise-go/edgewise/sys"
)

func TestCloseUnderARunningCallKeepsTheNumber(t *testing.T) {
	a, b, err := sys.SocketPair()
	if err != nil {
		t.Fatal(err)
	}
	defer sys.Close(b)
	s := own(a)
	if err := s.acquire(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.acquire(); err != net.ErrClosed {
		t.Errorf("acquire after Close: %v, want net.ErrClosed", err)
	}
	if err := sys.SetNonblock(a); err != nil {
		t.Errorf("the handle is closed during a running call: %v", err)
	}
	if err := s.release(); err != nil {
		t.Fatal(err)
	}
	if err := sys.SetNonblock(a); err == nil {
		t.Errorf("the handle is still open after the last call")
	}
}

func TestTheZeroSocketIsClosed(t *testing.T) {
	var s Socket
	if _, err := s.TryRead(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("TryRead: %v, want net.ErrClosed", err)
	}
	if err := s.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Close: %v, want net.ErrClosed", err)
	}
}
