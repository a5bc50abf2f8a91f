package stream

import (
	"io"
	"os"
	"testing"

	"github.com/edgewise-go/edgewise/sys"
	"github.com/stretchr/testify/require"
)

// never is a Waiter for whose sources no caller waits.
type never struct{ Source }

func (never) Register(sys.Handle) (Source, error) { return never{}, nil }
func (never) Close() error                        { return nil }

func twoConns(t *testing.T) (a, b *Conn) {
	t.Helper()
	h1, h2, err := sys.SocketPair()
	require.NoError(t, err)
	for h, c := range map[sys.Handle]**Conn{h1: &a, h2: &b} {
		if *c, err = NewConn(own(h), never{}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { (*c).Close() })
	}
	return a, b
}

func TestAFileIsSentByTheKernel(t *testing.T) {
	f, err := os.CreateTemp(t.TempDir(), "")
	require.NoError(t, err)
	defer f.Close()
	if _, err := f.WriteString("0123456789"); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Seek(2, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	a, _ := twoConns(t)
	if n, handled, err := a.sendFile(f, 5); n != 5 || !handled || err != nil {
		t.Errorf("%d, %v, %v, want 5 bytes sent by the kernel", n, handled, err)
	}
	if at, err := f.Seek(0, io.SeekCurrent); at != 7 || err != nil {
		t.Errorf("position of the file: %d, %v, want 7", at, err)
	}
}

func TestConnectionsAreSplicedByTheKernel(t *testing.T) {
	a, b := twoConns(t)
	c, d := twoConns(t)
	if _, err := a.Write([]byte("0123456789")); err != nil {
		t.Fatal(err)
	}
	if n, handled, err := c.splice(b, 7); n != 7 || !handled || err != nil {
		t.Errorf("%d, %v, %v, want 7 bytes moved by the kernel", n, handled, err)
	}
	p := make([]byte, 16)
	if n, err := d.Read(p); string(p[:n]) != "0123456" || err != nil {
		t.Errorf("the peer received %q, error %v, want \"0123456\"", p[:n], err)
	}
	if n, err := b.Read(p); string(p[:n]) != "789" || err != nil {
		t.Errorf("the source has %q left, error %v, want \"789\"", p[:n], err)
	}
}

func TestAPipeIsCopiedByABuffer(t *testing.T) {
	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer r.Close()
	if _, err := w.WriteString("abc"); err != nil {
		t.Fatal(err)
	}
	w.Close()
	a, b := twoConns(t)
	if n, err := io.Copy(a, r); n != 3 || err != nil {
		t.Errorf("copy: %d, %v, want 3", n, err)
	}
	p := make([]byte, 4)
	if n, err := b.Read(p); string(p[:n]) != "abc" || err != nil {
		t.Errorf("the peer received %q, error %v, want \"abc\"", p[:n], err)
	}
}
