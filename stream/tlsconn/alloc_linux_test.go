package tlsconn_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math"
	"math/big"
	"net"
	"os"
	"testing"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/stream/park"
	"github.com/edgewise-go/edgewise/stream/tlsconn"
	"github.com/edgewise-go/edgewise/sys"
	"github.com/stretchr/testify/require"
)

// pair returns the server side of a connection, and the connection below its peer.
func pair(t *testing.T) (*tlsconn.Socket, net.Conn) {
	t.Helper()
	check := func(err error) {
		t.Helper()
		require.NoError(t, err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	check(err)
	config := &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, SessionTicketsDisabled: true}
	a, b, err := sys.SocketPair()
	check(err)
	file := os.NewFile(uintptr(b), "peer")
	peer, err := net.FileConn(file)
	file.Close()
	check(err)
	t.Cleanup(func() { peer.Close() })
	s, err := stream.Adopt(a)
	check(err)
	c, err := stream.NewConn(s, park.Waiter{})
	check(err)
	shaken := make(chan error, 1)
	go func() { shaken <- tls.Client(peer, &tls.Config{InsecureSkipVerify: true}).Handshake() }()
	socket, err := tlsconn.ServerSocket(context.Background(), c, config)
	check(err)
	check(<-shaken)
	t.Cleanup(func() { socket.Close() })
	return socket, peer
}

// crypto/tls itself allocates once in a read that would block.
func TestTriesAllocateNothingOfTheirOwn(t *testing.T) {
	socket, peer := pair(t)
	p, drain := make([]byte, 128), make([]byte, 4<<10)
	for _, c := range []struct {
		name string
		most float64
		try  func() error
	}{
		{"a write", 0, func() error {
			if _, err := socket.TryWrite(p); err != nil {
				return err
			}
			if err := socket.TryFlush(); err != nil {
				return err
			}
			_, err := peer.Read(drain)
			return err
		}},
		{"a read that would block", 1, func() error {
			if _, err := socket.TryRead(p); err != sys.ErrWouldBlock {
				return err
			}
			return nil
		}},
	} {
		var failed error
		got := math.Inf(1)
		// Take the minimum of many runs. crypto/tls takes its buffers from a sync.Pool, which may
		// have dropped them; under the race detector it drops some at random.
		for range 100 {
			got = min(got, testing.AllocsPerRun(1, func() {
				if err := c.try(); err != nil {
					failed = err
				}
			}))
		}
		if failed != nil || got > c.most {
			t.Errorf("%s: %v allocations, want at most %v; error %v", c.name, got, c.most, failed)
		}
	}
}
