package streamtest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
)

// tlsName is the server name in the certificates of the tests.
const tlsName = "stream.test"

// tlsConfigs returns the configurations of a server and of a client that trusts it.
var tlsConfigs = sync.OnceValues(func() (server, client *tls.Config) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{tlsName}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(certificate)
	server = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	return server, &tls.Config{RootCAs: roots, ServerName: tlsName}
})

// tlsPipe is Pipe with TLS on both ends.
func tlsPipe(f *Fixture) (c1, c2 net.Conn, stop func(), err error) {
	one, other, closeBoth, err := Pipe(f)
	if err != nil {
		return nil, nil, nil, err
	}
	server, client := tlsConfigs()
	s, c := tls.Server(one, server), tls.Client(other, client)
	shaken := make(chan error, 1)
	go func() { shaken <- s.Handshake() }()
	err = c.Handshake()
	if e := <-shaken; err == nil {
		err = e
	}
	if err != nil {
		closeBoth()
		return nil, nil, nil, err
	}
	first, second := &orderlyConn{Conn: s}, &orderlyConn{Conn: c}
	return first, second, func() {
		first.closing.Lock()
		defer first.closing.Unlock()
		second.closing.Lock()
		defer second.closing.Unlock()
		closeBoth()
	}, nil
}

// orderlyConn is not stopped in the middle of its Close. The TLS peer knows of the end before the
// connection below is closed, and its test may be over by then.
type orderlyConn struct {
	net.Conn
	closing sync.Mutex
}

func (c *orderlyConn) Close() error {
	c.closing.Lock()
	defer c.closing.Unlock()
	return c.Conn.Close()
}

// tlsChildEnv marks a test process as the child of TestTLSConn.
const tlsChildEnv = "EDGEWISE_STREAMTEST_TLS"

// A write that a deadline ends corrupts the TLS state: crypto/tls documents that all later writes
// return the same error. Three parts of TestConn use a connection after such a write, and also fail
// with TLS over package net. Parts can be skipped only on the command line.
func TestTLSConn(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, "-test.run=^TestTLSConnInAChild$", "-test.count=1", "-test.v",
		"-test.skip=^TestTLSConnInAChild$/.*/^(PastTimeout|FutureTimeout|ConcurrentMethods)$")
	cmd.Env = childEnvironment(suite.Patience(), tlsChildEnv+"=1")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: TestTLSConnInAChild/park/CloseTimeout") {
		t.Errorf("child process: %v\n%s", err, out)
	}
}

// TestTLSConnInAChild is started by TestTLSConn.
func TestTLSConnInAChild(t *testing.T) {
	if os.Getenv(tlsChildEnv) == "" {
		return
	}
	for _, target := range perMechanism(forms...) {
		// It is a single part, because -test.skip counts parts.
		t.Run(strings.ReplaceAll(target.Name, "/", "-"), func(t *testing.T) {
			t.Parallel()
			testPipe(t, target, tlsPipe)
		})
	}
}

// Both ends of TLS run where Wait suspends, including on tasks: the handshake, bulk data both ways,
// and the orderly end.
func TestTLS(t *testing.T) {
	for _, target := range append(onSingle(), parked()) {
		t.Run(target.Name, func(t *testing.T) {
			t.Parallel()
			s := suite.Of(t)
			f, err := target.Open(s)
			if err != nil {
				t.Fatal(err)
			}
			one, other, stop, err := Pipe(f)
			if err != nil {
				t.Fatal(err)
			}
			defer stop()
			// The connections of Pipe are for callers anywhere. Here the callers are already in the
			// right place.
			exchange(s, f, one.(*bridge).Conn, other.(*bridge).Conn)
		})
	}
}

func exchange(t T, f *Fixture, one, other net.Conn) {
	t.Helper()
	serverConfig, clientConfig := tlsConfigs()
	echoed := make(chan error, 1)
	f.Go("tls server", func() {
		s := tls.Server(one, serverConfig)
		_, err := io.Copy(s, s)
		if e := s.Close(); err == nil {
			err = e
		}
		echoed <- err
	})
	sent := bytes.Repeat([]byte("0123456789abcdef"), 32<<10)
	type read struct {
		p   []byte
		err error
	}
	got := make(chan read, 1)
	f.Go("tls client", func() {
		c := tls.Client(other, clientConfig)
		// One task performs the handshake before two use the connection: the lock of a handshake
		// would hold the loop.
		if err := c.Handshake(); err != nil {
			got <- read{nil, err}
			return
		}
		f.Go("tls writer", func() {
			if _, err := c.Write(sent); err != nil {
				other.Close()
				return
			}
			if err := c.CloseWrite(); err != nil {
				other.Close()
			}
		})
		p, err := io.ReadAll(c)
		got <- read{p, err}
	})
	if r := suite.Receive(t, "the end of what the client reads", got); r.err != nil || !bytes.Equal(r.p, sent) {
		t.Errorf("client read %d bytes, %v; want the %d that it sent", len(r.p), r.err, len(sent))
		other.Close()
	}
	if err := suite.Receive(t, "the end of the server", echoed); err != nil {
		t.Errorf("server: %v", err)
	}
}
