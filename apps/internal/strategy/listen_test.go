//go:build unix

package strategy

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"

	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/stream"
	"github.com/stretchr/testify/require"
)

// Without IPv6, every interface means every IPv4 interface. Listen does not retry after another
// error, and does not replace a specific address.
func TestListenWithoutIPv6(t *testing.T) {
	const six, four = "[::]:80", "0.0.0.0:80"
	for _, c := range []struct {
		addr  string
		six   error // the error of an attempt on IPv6
		tried []string
		err   error
	}{
		{":80", nil, []string{six}, nil},
		{":80", syscall.EAFNOSUPPORT, []string{six, four}, nil},
		{":80", syscall.EADDRNOTAVAIL, []string{six, four}, nil},
		{":80", syscall.EADDRINUSE, []string{six}, syscall.EADDRINUSE},
		{":80", syscall.EACCES, []string{six}, syscall.EACCES},
		{six, syscall.EAFNOSUPPORT, []string{six}, syscall.EAFNOSUPPORT},
		{"[::1]:80", syscall.EADDRNOTAVAIL, []string{"[::1]:80"}, syscall.EADDRNOTAVAIL},
		{four, nil, []string{four}, nil},
		{"localhost:80", nil, []string{"127.0.0.1:80"}, nil},
	} {
		addr, err := ParseListenAddr(c.addr)
		require.NoError(t, err)
		var tried []string
		got, err := listen(addr, func(a netip.AddrPort) (string, error) {
			tried = append(tried, a.String())
			if a.Addr().Is6() && c.six != nil {
				return "", &net.OpError{Op: "listen", Err: os.NewSyscallError("socket", c.six)}
			}
			return a.String(), nil
		})
		if len(tried) != len(c.tried) || tried[len(tried)-1] != c.tried[len(tried)-1] || !errors.Is(err, c.err) || (err == nil) != (got != "") {
			t.Errorf("%s where IPv6 fails with %v: tried %v, got %q, %v, want %v and %v", c.addr, c.six, tried, got, err, c.tried, c.err)
		}
	}
}

// If the system has IPv6, a listener on every interface serves IPv4 too.
func TestListenOnEveryInterface(t *testing.T) {
	kit, err := Flags{Queue: "auto", Mode: "edge", Resolve: "pool", Task: "coroutine", Loops: 2}.Open(sched.Options{})
	require.NoError(t, err)
	addr, err := ParseListenAddr(":0")
	require.NoError(t, err)
	listeners, err := kit.Listen(addr, stream.ListenOptions{})
	require.NoError(t, err)
	for _, l := range listeners {
		if l.AddrPort() != listeners[0].AddrPort() || l.AddrPort().Port() == 0 || !l.AddrPort().Addr().IsUnspecified() {
			t.Errorf("got a listener on %v, want all on one port of every interface", l.AddrPort())
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
}
