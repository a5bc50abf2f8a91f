package stream

import (
	"errors"
	"net"
	"testing"

	"github.com/edgewise-go/edgewise/sys"
	"github.com/stretchr/testify/require"
)

func TestCloseUnderARunningCallKeepsTheNumber(t *testing.T) {
	a, b, err := sys.SocketPair()
	require.NoError(t, err)
	defer sys.Close(b)
	s := own(a)
	require.NoError(t, s.acquire())
	require.NoError(t, s.Close())
	if err := s.acquire(); err != net.ErrClosed {
		t.Errorf("acquire after Close: %v, want net.ErrClosed", err)
	}
	if err := sys.SetNonblock(a); err != nil {
		t.Errorf("the handle is closed during a running call: %v", err)
	}
	require.NoError(t, s.release())
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
