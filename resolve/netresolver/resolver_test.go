package netresolver_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/edgewise-go/edgewise/resolve"
	"github.com/edgewise-go/edgewise/resolve/netresolver"
)

// lookups are the methods that *net.Resolver and *Resolver have in common.
type lookups interface {
	LookupHost(ctx context.Context, host string) ([]string, error)
	LookupIP(ctx context.Context, network, host string) ([]net.IP, error)
	LookupIPAddr(ctx context.Context, host string) ([]net.IPAddr, error)
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
	LookupAddr(ctx context.Context, addr string) ([]string, error)
	LookupCNAME(ctx context.Context, host string) (string, error)
	LookupMX(ctx context.Context, name string) ([]*net.MX, error)
	LookupNS(ctx context.Context, name string) ([]*net.NS, error)
	LookupSRV(ctx context.Context, service, proto, name string) (string, []*net.SRV, error)
	LookupTXT(ctx context.Context, name string) ([]string, error)
	LookupPort(ctx context.Context, network, service string) (int, error)
}

var _, _ lookups = (*net.Resolver)(nil), (*netresolver.Resolver)(nil)

// both runs f with a Resolver and with a net.Resolver over a Bridge: the results are the same.
func both(t *testing.T, f func(t *testing.T, r lookups)) {
	t.Run("Resolver", func(t *testing.T) {
		f(t, &netresolver.Resolver{Host: resolve.Host{Strategy: zone()}})
	})
	t.Run("Bridge", func(t *testing.T) { f(t, netresolver.Bridge(zone())) })
}

func TestAddressesOfHosts(t *testing.T) {
	both(t, func(t *testing.T, r lookups) {
		hosts, err := r.LookupHost(t.Context(), "www.example.")
		require.NoError(t, err)
		require.ElementsMatch(t, []string{"2001:db8::1", "192.0.2.1", "192.0.2.2"}, hosts)
		addrs, err := r.LookupIPAddr(t.Context(), "v4.example.")
		require.NoError(t, err)
		require.Len(t, addrs, 1)
		require.Equal(t, "192.0.2.4", addrs[0].String())
		for network, want := range map[string][]string{
			"ip": {"192.0.2.1", "192.0.2.2", "2001:db8::1"}, "ip4": {"192.0.2.1", "192.0.2.2"}, "ip6": {"2001:db8::1"},
		} {
			ips, err := r.LookupIP(t.Context(), network, "www.example.")
			require.NoError(t, err, network)
			var got []string
			for _, ip := range ips {
				got = append(got, ip.String())
			}
			slices.Sort(got)
			require.Equal(t, want, got, network)
			list, err := r.LookupNetIP(t.Context(), network, "www.example.")
			require.NoError(t, err, network)
			got = nil
			for _, addr := range list {
				got = append(got, addr.Unmap().String())
			}
			slices.Sort(got)
			require.Equal(t, want, got, network)
		}
		_, err = r.LookupNetIP(t.Context(), "tcp", "www.example.")
		require.Equal(t, net.UnknownNetworkError("tcp"), err)
		_, err = r.LookupIP(t.Context(), "tcp", "www.example.")
		require.Equal(t, net.UnknownNetworkError("tcp"), err)
	})
}

func TestLiteralsAreNotLookedUp(t *testing.T) {
	both(t, func(t *testing.T, r lookups) {
		for _, literal := range []string{"192.0.2.9", "2001:db8::9", "fe80::1%lo", "::ffff:192.0.2.9"} {
			hosts, err := r.LookupHost(t.Context(), literal)
			require.NoError(t, err)
			require.Equal(t, []string{literal}, hosts)
			addrs, err := r.LookupIPAddr(t.Context(), literal)
			require.NoError(t, err)
			want := mustParse(t, literal)
			require.True(t, addrs[0].IP.Equal(want.WithZone("").AsSlice()), literal)
			require.Equal(t, want.Zone(), addrs[0].Zone)
		}
		_, err := r.LookupNetIP(t.Context(), "ip6", "192.0.2.9")
		require.Error(t, err)
		_, err = r.LookupCNAME(t.Context(), "192.0.2.9")
		notFound(t, err, "192.0.2.9")
	})
}

func notFound(t *testing.T, err error, name string) {
	t.Helper()
	var d *net.DNSError
	require.ErrorAs(t, err, &d)
	require.True(t, d.IsNotFound, err)
	require.Equal(t, name, d.Name)
	if !errors.Is(err, resolve.ErrName) { // ours has the reason
		require.Equal(t, "no such host", d.Err)
	}
	require.False(t, d.IsTimeout || d.IsTemporary)
}

func TestNamesThatDoNotExist(t *testing.T) {
	both(t, func(t *testing.T, r lookups) {
		for _, name := range []string{"None.Example.", "", "a..b", "-", "alias.example.", strings.Repeat("a", 64) + "."} {
			_, err := r.LookupHost(t.Context(), name)
			notFound(t, err, name)
		}
		for _, name := range []string{"None.Example.", "a b."} {
			_, err := r.LookupMX(t.Context(), name)
			notFound(t, err, name)
			_, err = r.LookupNS(t.Context(), name)
			notFound(t, err, name)
			_, err = r.LookupTXT(t.Context(), name)
			notFound(t, err, name)
			_, err = r.LookupCNAME(t.Context(), name)
			notFound(t, err, name)
		}
		_, _, err := r.LookupSRV(t.Context(), "ldap", "tcp", "example.")
		notFound(t, err, "_ldap._tcp.example.")
		_, err = r.LookupAddr(t.Context(), "192.0.2.77")
		if _, ours := r.(*netresolver.Resolver); ours {
			notFound(t, err, "192.0.2.77")
		} else {
			notFound(t, err, "77.2.0.192.in-addr.arpa.") // package net forgets what the caller wrote
		}
		_, err = r.LookupAddr(t.Context(), "www.example")
		require.EqualError(t, err, "lookup www.example: unrecognized address")
	})
}

func TestRecords(t *testing.T) {
	both(t, func(t *testing.T, r lookups) {
		mx, err := r.LookupMX(t.Context(), "example.")
		require.NoError(t, err)
		require.Equal(t, []*net.MX{{Host: "m1.example.", Pref: 10}, {Host: "m2.", Pref: 20}}, mx)
		mx, err = r.LookupMX(t.Context(), "null.example.")
		require.NoError(t, err)
		require.Equal(t, []*net.MX{{Host: "."}}, mx)
		ns, err := r.LookupNS(t.Context(), "example.")
		require.NoError(t, err)
		require.Equal(t, []*net.NS{{Host: "ns1.example."}, {Host: "ns2.example."}}, ns)
		ns, err = r.LookupNS(t.Context(), ".")
		require.NoError(t, err)
		require.Equal(t, []*net.NS{{Host: "a."}}, ns)
		txt, err := r.LookupTXT(t.Context(), "example.")
		require.NoError(t, err)
		require.Equal(t, []string{"v=spf1 -all", "", "x"}, txt)
		cname, srv, err := r.LookupSRV(t.Context(), "sip", "tcp", "example.")
		require.NoError(t, err)
		require.Equal(t, "_sip._tcp.example.", cname)
		require.Equal(t, []*net.SRV{{Target: "a.", Port: 5060, Priority: 1, Weight: 1}, {Target: "b.", Port: 5060, Priority: 2}}, srv)
		cname, srv, err = r.LookupSRV(t.Context(), "", "", "direct.example.")
		require.NoError(t, err)
		require.Equal(t, "other.example.", cname)
		require.Equal(t, []*net.SRV{{Target: ".", Port: 80, Priority: 1, Weight: 1}}, srv)
		names, err := r.LookupAddr(t.Context(), "192.0.2.1")
		require.NoError(t, err)
		require.Equal(t, []string{"one.example.", "two.example."}, names)
		names, err = r.LookupAddr(t.Context(), "::ffff:192.0.2.1")
		require.NoError(t, err)
		require.Equal(t, []string{"one.example.", "two.example."}, names)
		for _, addr := range []string{"2001:db8::1", "2001:DB8:0::1"} {
			names, err = r.LookupAddr(t.Context(), addr)
			require.NoError(t, err)
			require.Equal(t, []string{"six.example."}, names)
		}
	})
}

func TestCanonicalNames(t *testing.T) {
	both(t, func(t *testing.T, r lookups) {
		for host, want := range map[string]string{"www.example.": "web.example.", "v4.example.": "v4.example.", "alias.example.": "target.example."} {
			cname, err := r.LookupCNAME(t.Context(), host)
			require.NoError(t, err, host)
			require.Equal(t, want, cname, host)
		}
	})
}

func TestFailuresAreThoseOfPackageNet(t *testing.T) {
	both(t, func(t *testing.T, r lookups) {
		var d *net.DNSError
		_, err := r.LookupHost(t.Context(), "down.example.")
		require.ErrorAs(t, err, &d)
		require.True(t, d.IsTemporary && !d.IsTimeout && !d.IsNotFound, err)
		require.Equal(t, "server misbehaving", d.Err)
		require.Equal(t, "down.example.", d.Name)
		_, err = r.LookupCNAME(t.Context(), "down.example.")
		require.ErrorAs(t, err, &d)
		require.True(t, d.IsTemporary)
		_, err = r.LookupMX(t.Context(), "down.example.")
		require.ErrorAs(t, err, &d)
		require.True(t, d.IsTemporary)
		_, err = r.LookupHost(t.Context(), "slow.example.")
		require.ErrorAs(t, err, &d)
		require.True(t, d.IsTimeout && d.IsTemporary, err)
	})
}

func TestPorts(t *testing.T) {
	both(t, func(t *testing.T, r lookups) {
		port, err := r.LookupPort(t.Context(), "tcp", "443")
		require.NoError(t, err)
		require.Equal(t, 443, port)
		_, err = r.LookupPort(t.Context(), "tcp", "65536")
		require.Error(t, err)
	})
}

func TestFilteredNamesComeWithAnError(t *testing.T) {
	bad := filtered(1, records("\x00\x0a\x04good\x00"))
	s := &scripted{answers: script{
		"MX example":                 bad,
		"NS example":                 records("\x04good\x00", "\x03a b\x00"), // a strategy that does not filter
		"PTR 1.2.0.192.in-addr.arpa": filtered(2, records()),
		"SRV example":                records("\x00\x00\x00\x00\x00\x01\x04good\x00", "\x00"),
		"A example":                  filtered(1, addresses("192.0.2.1")),
		"AAAA example":               failure(resolve.ErrNoData),
		"TXT example":                records("\x01a", "\x05a"),
	}}
	r := &netresolver.Resolver{Host: resolve.Host{Strategy: s}}
	invalid := func(err error, name string) {
		t.Helper()
		var d *net.DNSError
		require.ErrorAs(t, err, &d)
		require.Equal(t, net.DNSError{Err: "DNS response contained records which contain invalid names", Name: name}, *d)
	}
	mx, err := r.LookupMX(t.Context(), "Example")
	invalid(err, "Example")
	require.Len(t, mx, 1)
	ns, err := r.LookupNS(t.Context(), "example")
	invalid(err, "example")
	require.Equal(t, []*net.NS{{Host: "good."}}, ns)
	names, err := r.LookupAddr(t.Context(), "192.0.2.1")
	invalid(err, "192.0.2.1")
	require.Empty(t, names)
	_, srv, err := r.LookupSRV(t.Context(), "", "", "example")
	invalid(err, "example")
	require.Len(t, srv, 1)
	_, err = r.LookupCNAME(t.Context(), "example")
	invalid(err, "example")
	hosts, err := r.LookupHost(t.Context(), "example")
	require.NoError(t, err, "addresses have no names")
	require.Equal(t, []string{"192.0.2.1"}, hosts)
	txt, err := r.LookupTXT(t.Context(), "example")
	require.NoError(t, err)
	require.Equal(t, []string{"a"}, txt)
}

func TestCauseAndServerAreKept(t *testing.T) {
	r := &netresolver.Resolver{Host: resolve.Host{Strategy: zone()}}
	_, err := r.LookupNetIP(t.Context(), "ip", "alias.example")
	require.ErrorIs(t, err, resolve.ErrNoData)
	_, err = r.LookupMX(t.Context(), "down.example")
	require.ErrorIs(t, err, resolve.ErrServFail)
	var d *net.DNSError
	require.ErrorAs(t, err, &d)
	require.Equal(t, "192.0.2.53:53", d.Server)
}

func TestContextEndsALookup(t *testing.T) {
	for _, f := range []func(*netresolver.Resolver, context.Context) error{
		func(r *netresolver.Resolver, ctx context.Context) error { _, err := r.LookupHost(ctx, "a"); return err },
		func(r *netresolver.Resolver, ctx context.Context) error { _, err := r.LookupTXT(ctx, "a"); return err },
	} {
		s := &scripted{silent: true, canceled: make(chan resolve.Question, 8)}
		r := &netresolver.Resolver{Host: resolve.Host{Strategy: s}}
		ctx, cancel := context.WithCancel(t.Context())
		failed := make(chan error)
		go func() { failed <- f(r, ctx) }()
		cancel()
		err := <-failed
		require.ErrorIs(t, err, context.Canceled)
		var d *net.DNSError
		require.ErrorAs(t, err, &d)
		require.Equal(t, "operation was canceled", d.Err)
		require.False(t, d.IsTimeout)

		ctx, cancel = context.WithTimeout(t.Context(), 0)
		err = f(r, ctx)
		cancel()
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		require.ErrorAs(t, err, &d)
		require.True(t, d.IsTimeout)
	}
}

func TestSuspendedCallers(t *testing.T) {
	s := zone()
	suspended := 0
	host := resolve.Host{Strategy: s, Suspend: func(start func(resume func())) error {
		suspended++
		resumed := make(chan struct{})
		start(func() { close(resumed) })
		<-resumed
		return nil
	}}
	r := &netresolver.Resolver{Host: host}
	_, err := r.LookupMX(t.Context(), "example")
	require.NoError(t, err)
	require.Equal(t, 1, suspended)
	_, err = r.LookupHost(t.Context(), "www.example")
	require.NoError(t, err)
	require.Equal(t, 2, suspended)

	reason := errors.New("the loop has ended")
	silent := &scripted{silent: true, canceled: make(chan resolve.Question, 1)}
	r.Host = resolve.Host{Strategy: silent, Suspend: func(start func(resume func())) error {
		start(func() {})
		return reason
	}}
	_, err = r.LookupMX(t.Context(), "example")
	require.ErrorIs(t, err, reason)
	require.Equal(t, resolve.TypeMX, (<-silent.canceled).Type)
}
