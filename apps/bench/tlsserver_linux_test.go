package main

import (
	"bytes"
	"crypto/tls"
	"io"
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/apps/internal/apptest"
)

const (
	// tlsEchoed is more than sockets on the loopback hold, so that the server has to stop and
	// resume.
	tlsEchoed = 8 << 20
	// tlsPatience bounds the time of one connection, even on a busy machine.
	tlsPatience = 2 * time.Minute
)

// In every mode, the handlers echo more than sockets hold and then end the stream.
func TestTLSHandlersEchoInEveryMode(t *testing.T) {
	versions := map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}
	for _, row := range apptest.Combinations(nil, apptest.Queues(t), []string{"edge", "level", "oneshot"}, []string{"1.2", "1.3"}) {
		t.Run(apptest.Name(row), func(t *testing.T) {
			t.Parallel()
			server := program.Serve(t, nil, "tlsserver", "-addr", "127.0.0.1:0", "-task", "handler", "-queue", row[0], "-mode", row[1])
			echoesTLS(t, server.Addr, versions[row[2]])
			server.Stop(0)
		})
	}
}

func echoesTLS(t *testing.T, addr string, version uint16) {
	t.Helper()
	dialer := &net.Dialer{Timeout: tlsPatience}
	conn, err := tls.DialWithDialer(dialer, "tcp", addr, &tls.Config{InsecureSkipVerify: true, MaxVersion: version})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetReadDeadline(time.Now().Add(tlsPatience)); err != nil {
		t.Fatal(err)
	}
	sent := make([]byte, tlsEchoed)
	rand.NewChaCha8([32]byte{}).Read(sent)
	writing := make(chan error, 1)
	go func() {
		_, err := conn.Write(sent)
		if err == nil {
			err = conn.CloseWrite()
		}
		writing <- err
	}()
	got, err := io.ReadAll(conn)
	if err != nil || !bytes.Equal(got, sent) {
		t.Errorf("%s: %d of %d bytes came back, or they differ: %v", tls.VersionName(version), len(got), len(sent), err)
		conn.Close()
	}
	if err := <-writing; err != nil {
		t.Errorf("%s: write: %v", tls.VersionName(version), err)
	}
}
