//go:build unix

package edgewise

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/edgewise-go/edgewise/stream"
)

func TestUnixDomainSockets(t *testing.T) {
	s := opened(t, Options{})
	path := filepath.Join(t.TempDir(), "socket")
	l, err := s.Listen(t.Context(), "unix", path)
	if err != nil {
		t.Fatal(err)
	}
	serving(t, s, t.Context(), l, echo)
	for _, address := range []string{"unix:" + path, "unix://" + path} {
		c, err := s.DialAddress(t.Context(), address)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(bounce(c, "hello"), c.Close()); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestDatagrams(t *testing.T) {
	s := opened(t, Options{})
	p, err := s.ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	c, err := s.Dial("udp", p.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 8)
	if n, from, err := p.ReadFrom(got); err != nil || string(got[:n]) != "hello" || from.String() != c.LocalAddr().String() {
		t.Errorf("ReadFrom: %q from %v, %v", got[:n], from, err)
	}
}

// The kernel spreads connections over a listener per loop.
func TestAListenerPerLoop(t *testing.T) {
	s := opened(t, Options{Loops: 2, Listen: stream.ListenOptions{ReusePort: true}})
	l := listening(t, s)
	serving(t, s, t.Context(), l, echo)
	for range 20 {
		c := dialed(t, s, l.Addr().String())
		if err := errors.Join(bounce(c, "hello"), c.Close()); err != nil {
			t.Error(err)
		}
	}
}
