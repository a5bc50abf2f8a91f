package sys_test

import (
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/sys"
	"github.com/stretchr/testify/require"
)

func TestTransfers(t *testing.T) {
	a, b := pair(t)
	p := make([]byte, 8)
	for name, receive := range map[string]func(sys.Handle, []byte) (int, error){"Recv": sys.Recv, "Read": sys.Read} {
		if n, err := receive(a, p); n != 0 || err != sys.ErrWouldBlock {
			t.Errorf("%s from an empty socket: got %d, %v, want 0, ErrWouldBlock", name, n, err)
		}
		if n, err := receive(a, nil); n != 0 || err != nil {
			t.Errorf("%s into an empty slice: got %d, %v, want 0, nil", name, n, err)
		}
		if n, err := sys.Send(b, []byte("abc")); n != 3 || err != nil {
			t.Fatalf("send: %d, %v", n, err)
		}
		readable(t, a)
		if n, err := receive(a, p); string(p[:n]) != "abc" || err != nil {
			t.Errorf("%s: got %q, %v, want \"abc\"", name, p[:n], err)
		}
	}
	require.NoError(t, sys.Shutdown(b, sys.ShutWriting))
	readable(t, a)
	if n, err := sys.Recv(a, p); n != 0 || err != nil {
		t.Errorf("receive at the end: got %d, %v, want 0, nil", n, err)
	}
}

func TestSendToAPeerThatIsGoneFailsForGood(t *testing.T) {
	a, b, err := sys.SocketPair()
	require.NoError(t, err)
	own(t, a)
	require.NoError(t, sys.SetLinger(b, 0))
	require.NoError(t, sys.Close(b))
	deadline := time.Now().Add(patience)
	for failed := 0; failed < 2; { // over TCP, some sends succeed before the reset arrives
		if _, err := sys.Send(a, []byte("x")); err == nil || err == sys.ErrWouldBlock {
			if time.Now().After(deadline) {
				t.Fatal("sends to a closed peer still succeed")
			}
		} else if failed++; sys.ClassOf(err) != sys.ClassDisconnected {
			t.Fatalf("send to a closed peer: got %v, class %v; want disconnected", err, sys.ClassOf(err))
		}
	}
}
