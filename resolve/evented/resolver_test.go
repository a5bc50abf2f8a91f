package evented

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/edgewise-go/edgewise/resolve"
	"github.com/edgewise-go/edgewise/resolve/sysconfig"
)

var anyDial = new(net.Dialer).DialContext

// answerTo replies with addresses 10.0.0.1 and, for the name big.example, with 200 of them. Over
// UDP that reply is truncated.
func answerTo(t testing.TB, query []byte, udp bool) []byte {
	var m dnsmessage.Message
	if err := m.Unpack(query); err != nil {
		t.Errorf("query: %v", err)
		return nil
	}
	m.Response, m.RecursionAvailable, m.Additionals = true, true, nil
	n := 1
	if m.Questions[0].Name.String() == "big.example." {
		n = 200
	}
	if m.Truncated = udp && n > 1; m.Truncated {
		n = 0
	}
	for i := range n {
		m.Answers = append(m.Answers, dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Name: m.Questions[0].Name, Class: dnsmessage.ClassINET, TTL: 60},
			Body: &dnsmessage.AResource{A: [4]byte{10, 0, byte(i >> 8), byte(i + 1)}}})
	}
	reply, err := m.Pack()
	if err != nil {
		t.Errorf("reply: %v", err)
	}
	return reply
}

// serveBoth serves UDP and TCP on one port of loopback.
func serveBoth(t testing.TB) netip.AddrPort {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := l.Addr().(*net.TCPAddr).AddrPort()
	c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(addr))
	require.NoError(t, err)
	var served sync.WaitGroup
	served.Go(func() {
		for buffer := make([]byte, 4096); ; {
			n, from, err := c.ReadFromUDPAddrPort(buffer)
			if err != nil {
				return
			}
			_, _ = c.WriteToUDPAddrPort(answerTo(t, buffer[:n], true), from)
		}
	})
	served.Go(func() { serveStreams(t, l, &served) })
	t.Cleanup(func() {
		_, _ = c.Close(), l.Close()
		served.Wait()
	})
	return addr
}

func serveStreams(t testing.TB, l net.Listener, served *sync.WaitGroup) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		served.Go(func() {
			defer conn.Close()
			for in := (&framer{from: conn}); ; {
				query, err := in.next()
				if err != nil {
					return
				}
				reply := answerTo(t, query, false)
				if _, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(reply))), reply...)); err != nil {
					return
				}
			}
		})
	}
}

func open(t testing.TB, o Options) *Resolver {
	t.Helper()
	if o.Dial == nil {
		o.Dial = anyDial
	}
	if o.Stub.Timeout == 0 {
		o.Stub.Timeout = time.Minute // no verdict depends on the speed of the machine
	}
	r, err := New(o)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, r.Close())
		r.Wait()
	})
	return r
}

func ask(t testing.TB, r *Resolver, name string) resolve.Answer {
	t.Helper()
	q, err := resolve.NewQuestion(name, resolve.TypeA)
	require.NoError(t, err)
	a, err := resolve.Wait(t.Context(), r, q)
	require.NoError(t, err)
	return a
}

func TestTransports(t *testing.T) {
	certificate, roots := authority(t, "dns.example")
	secure, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate}})
	require.NoError(t, err)
	var served sync.WaitGroup
	served.Go(func() { serveStreams(t, secure, &served) })
	t.Cleanup(func() {
		secure.Close()
		served.Wait()
	})
	web := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", dnsMessage)
		_, _ = w.Write(answerTo(t, query, false))
	}))
	web.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	web.EnableHTTP2 = true
	web.StartTLS()
	t.Cleanup(web.Close)

	plain := serveBoth(t)
	for _, test := range []struct {
		name   string
		server Server
		small  resolve.Origin
		big    resolve.Origin
	}{
		{"plain", Server{Addr: plain}, resolve.OriginUDP, resolve.OriginTCP},
		{"tls", Server{Addr: secure.Addr().(*net.TCPAddr).AddrPort(), TLS: &tls.Config{ServerName: "dns.example", RootCAs: roots}}, resolve.OriginTLS, resolve.OriginTLS},
		{"https", Server{Addr: web.Listener.Addr().(*net.TCPAddr).AddrPort(), URL: "https://dns.example/dns-query", TLS: &tls.Config{RootCAs: roots}}, resolve.OriginHTTPS, resolve.OriginHTTPS},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := open(t, Options{Servers: []Server{test.server}})
			for i := range 100 {
				a := ask(t, r, fmt.Sprintf("n%d.example", i))
				// On a slow machine, the resolver asks again over TCP.
				require.Contains(t, []resolve.Origin{test.small, test.big}, a.Origin)
				require.Equal(t, "10.0.0.1", a.Addr(0).String())
				require.Equal(t, test.server.Addr, a.Server)
			}
			a := ask(t, r, "big.example")
			require.Equal(t, test.big, a.Origin)
			require.Equal(t, 200, a.Len())
		})
	}

	for name, server := range map[string]Server{
		"tls":   {Addr: secure.Addr().(*net.TCPAddr).AddrPort(), TLS: &tls.Config{ServerName: "other.example", RootCAs: roots}},
		"https": {Addr: web.Listener.Addr().(*net.TCPAddr).AddrPort(), URL: "https://other.example/", TLS: &tls.Config{RootCAs: roots}},
	} {
		t.Run(name+" with the certificate of another name", func(t *testing.T) {
			r := open(t, Options{Servers: []Server{server}})
			q, _ := resolve.NewQuestion("one.example", resolve.TypeA)
			_, err := resolve.Wait(t.Context(), r, q)
			require.ErrorIs(t, err, resolve.ErrServFail)
			var wrong x509.HostnameError
			require.ErrorAs(t, err, &wrong)
		})
	}
}

// authority returns a certificate for name, and the roots that contain it.
func authority(t testing.TB, name string) (tls.Certificate, *x509.CertPool) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	leaf, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}

func TestManyAtOnce(t *testing.T) {
	r := open(t, Options{Servers: Servers(serveBoth(t))})
	var all sync.WaitGroup
	for i := range 500 {
		all.Go(func() {
			q, _ := resolve.NewQuestion(fmt.Sprintf("n%d.example", i), resolve.TypeA)
			a, err := resolve.Wait(t.Context(), r, q)
			if err != nil || a.Len() != 1 || a.Question != q {
				t.Errorf("%v: %v, %v", q, a.AppendAddrs(nil), err)
			}
		})
	}
	all.Wait()
}

func TestCloseEndsEverything(t *testing.T) {
	silent, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	defer silent.Close()
	r, err := New(Options{Dial: anyDial, Servers: Servers(silent.LocalAddr().(*net.UDPAddr).AddrPort())})
	require.NoError(t, err)
	ended := make(chan error, 1)
	q, _ := resolve.NewQuestion("silent.example", resolve.TypeA)
	go func() {
		_, err := resolve.Wait(context.Background(), r, q)
		ended <- err
	}()
	buffer := make([]byte, 512)
	_, _, err = silent.ReadFrom(buffer) // the query is on the wire
	require.NoError(t, err)
	require.NoError(t, r.Close())
	require.ErrorIs(t, <-ended, resolve.ErrClosed)
	r.Wait()
	_, err = r.Try(q)
	require.ErrorIs(t, err, resolve.ErrClosed)
	_, err = resolve.Wait(t.Context(), r, q)
	require.ErrorIs(t, err, resolve.ErrClosed)
}

func TestNobodyListens(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := l.Addr().(*net.TCPAddr).AddrPort()
	l.Close()
	r := open(t, Options{Servers: Servers(addr)})
	q, _ := resolve.NewQuestion("refused.example", resolve.TypeA)
	_, err = resolve.Wait(t.Context(), r, q)
	require.ErrorIs(t, err, resolve.ErrServFail)
	require.NotErrorIs(t, err, resolve.ErrTimeout)
}

func TestServersThatCannotWork(t *testing.T) {
	addr := netip.MustParseAddrPort("192.0.2.1:53")
	for _, o := range []Options{
		{},
		{Dial: anyDial},
		{Servers: Servers(addr)},
		{Dial: anyDial, Servers: Servers(netip.AddrPort{})},
		{Dial: anyDial, Servers: Servers(netip.MustParseAddrPort("192.0.2.1:0"))},
		{Dial: anyDial, Servers: []Server{{Addr: addr, TLS: &tls.Config{}}}},
		{Dial: anyDial, Servers: []Server{{Addr: addr, URL: "http://dns.example/"}}},
	} {
		_, err := New(o)
		require.Error(t, err)
	}
}

func TestTheServersOfTheSystemChange(t *testing.T) {
	path := filepath.Join(t.TempDir(), "resolv.conf")
	write := func(text string) {
		require.NoError(t, os.WriteFile(path+".new", []byte(text), 0o600))
		require.NoError(t, os.Rename(path+".new", path))
	}
	write("nameserver 192.0.2.1\noptions rotate\n")
	now := time.Now()
	var mu sync.Mutex
	clock := func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return now
	}
	system, err := sysconfig.NewWatcher(sysconfig.Options{ResolvConf: path, NSSwitch: path + ".none", Clock: clock})
	require.NoError(t, err)
	server := serveBoth(t)
	r := open(t, Options{System: system, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return anyDial(ctx, network, server.String())
	}})
	require.Equal(t, netip.MustParseAddrPort("192.0.2.1:53"), ask(t, r, "one.example").Server)
	write("nameserver 192.0.2.2\noptions use-vc\n")
	mu.Lock()
	now = now.Add(time.Second)
	mu.Unlock()
	a := ask(t, r, "two.example")
	require.Equal(t, netip.MustParseAddrPort("192.0.2.2:53"), a.Server)
	require.Equal(t, resolve.OriginTCP, a.Origin)
}

func TestLiteralsAreNotAsked(t *testing.T) {
	r := open(t, Options{Servers: Servers(netip.MustParseAddrPort("192.0.2.1:53"))})
	a := ask(t, r, "198.51.100.7")
	require.Equal(t, "198.51.100.7", a.Addr(0).String())
	require.Equal(t, resolve.OriginLiteral, a.Origin)
	q, err := resolve.NewQuestion("2001:db8::1", resolve.TypeA)
	require.NoError(t, err)
	_, err = resolve.Wait(t.Context(), r, q)
	require.ErrorIs(t, err, resolve.ErrNoData)
	require.Zero(t, r.Stats().Started)
}
