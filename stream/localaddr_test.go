package stream

import (
	"context"
	"errors"
	"net"
	"testing"

	"github.com/edgewise-go/edgewise/sys"
)

// namedAddr is a net.Addr of another package.
type namedAddr string

func (a namedAddr) Network() string { return "tcp" }
func (a namedAddr) String() string  { return string(a) }

// A local address that no socket can have is an error, never another address.
func TestLocalAddressesThatNoSocketHas(t *testing.T) {
	for _, c := range []struct {
		network string
		addr    net.Addr
		text    string
	}{
		{"tcp", &net.TCPAddr{Port: 65536}, "address :65536: invalid port"},
		{"udp4", &net.UDPAddr{Port: -1}, "address :-1: invalid port"},
		{"tcp", &net.TCPAddr{IP: net.IP{1, 2, 3}}, "address ?010203:0: invalid IP address"},
		{"tcp", namedAddr("x:1"), "address x:1: mismatched local address type"},
		{"unix", (*net.UnixAddr)(nil), "address <nil>: mismatched local address type"},
		{"unix", &net.UnixAddr{Name: "n", Net: "unixpacket"}, "address n: mismatched local address type"},
	} {
		d := Dialer{LocalAddr: c.addr}
		conn, err := d.DialContext(context.Background(), c.network, "127.0.0.1:9")
		if err == nil {
			conn.Close()
		}
		if want := "dial " + c.network + ": " + c.text; err == nil || err.Error() != want {
			t.Errorf("dial in %s from %v: %v, want %s", c.network, c.addr, err, want)
		}
		var address *net.AddrError
		if !errors.As(err, &address) {
			t.Errorf("dial in %s from %v: %v is no *net.AddrError", c.network, c.addr, err)
		}
	}
}

// An option that the system or the protocol lacks is no error. Any other refusal is.
func TestSupported(t *testing.T) {
	for _, err := range []error{nil, errors.ErrUnsupported, wsaNoProtocolOption} {
		if got := supported(err); got != nil {
			t.Errorf("%v: got %v", err, got)
		}
	}
	if got := supported(sys.ErrWouldBlock); got != sys.ErrWouldBlock {
		t.Errorf("another error: got %v", got)
	}
}
