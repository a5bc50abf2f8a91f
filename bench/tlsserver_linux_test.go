package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/bench/internal/strategy"
	"github.com/stretchr/testify/require"
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
	for i, mechanism := range queues(t) {
		for j, mode := range strategy.ModeNames() {
			version := []uint16{tls.VersionTLS12, tls.VersionTLS13}[(i+j)%2]
			t.Run(mechanism+"/"+mode+"/"+tls.VersionName(version), func(t *testing.T) {
				t.Parallel()
				echoesTLS(t, serve(t, "role", "tls-server", "--task", "handler", "--queue", mechanism, "--mode", mode), version)
			})
		}
	}
}

// serve starts a server and returns its address. The server ends with the test.
func serve(t *testing.T, args ...string) string {
	t.Helper()
	cmd := command(t, args...)
	cmd.Stderr = t.Output()
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	addr, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if err != nil || !ok {
		t.Fatalf("bench %s: got %q, %v, want an address", strings.Join(args, " "), line, err)
	}
	return addr
}

func echoesTLS(t *testing.T, addr string, version uint16) {
	t.Helper()
	dialer := &net.Dialer{Timeout: tlsPatience}
	conn, err := tls.DialWithDialer(dialer, "tcp", addr, &tls.Config{InsecureSkipVerify: true, MaxVersion: version})
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(tlsPatience)))
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
