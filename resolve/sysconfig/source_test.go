package sysconfig

import (
	"errors"
	"net/netip"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/edgewise-go/edgewise/resolve"
)

func TestSourceOf(t *testing.T) {
	for _, text := range []string{"127.0.0.1", "::1", "::ffff:127.0.0.1"} {
		dst := netip.MustParseAddr(text)
		src, err := SourceOf(dst)
		if dst == netip.IPv6Loopback() && errors.Is(err, resolve.ErrNoSource) {
			continue // no IPv6
		}
		require.NoError(t, err)
		require.Equal(t, dst.Unmap(), src)
	}
	// Whether the machine has a route or not, there is an answer.
	for _, text := range []string{"192.0.2.1", "2001:db8::1"} {
		src, err := SourceOf(netip.MustParseAddr(text))
		require.True(t, err == nil && src.IsValid() || errors.Is(err, resolve.ErrNoSource), "%v, %v", src, err)
	}
	_, err := SourceOf(netip.MustParseAddr("fe80::1%no-such-interface"))
	require.Error(t, err)
	_, err = SourceOf(netip.Addr{})
	require.Error(t, err)
	require.False(t, errors.Is(err, resolve.ErrNoSource))
	require.False(t, isUnreachable(syscall.EMFILE))
}

func BenchmarkSourceOf(b *testing.B) {
	dst := netip.MustParseAddr("127.0.0.1")
	for b.Loop() {
		if _, err := SourceOf(dst); err != nil {
			b.Fatal(err)
		}
	}
}
