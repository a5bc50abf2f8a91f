package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/big"
	"net"
	"time"

	"github.com/edgewise-go/edgewise/apps/internal/cli"
	"github.com/edgewise-go/edgewise/apps/internal/serving"
	"github.com/edgewise-go/edgewise/apps/internal/strategy"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/stream"
)

// tlsBuffer is the size of the buffer into which each TLS connection reads, in both servers.
const tlsBuffer = 1 << 10

// tlsServer echoes over TLS.
func tlsServer(ctx context.Context, args []string) error {
	fs := flag.NewFlagSet("bench tlsserver", flag.ContinueOnError)
	addrFlag := fs.String("addr", "127.0.0.1:0", "address to listen on")
	report := fs.Duration("report", time.Second, "time between two reports")
	collect := fs.Bool("collect", false, "collect garbage before each report")
	var flags strategy.Flags
	flags.Register(fs, strategy.WithTask)
	if err := cli.Parse(fs, args, "internal"); err != nil {
		return err
	}
	addr, err := strategy.ParseListenAddr(*addrFlag)
	if err != nil {
		return err
	}
	config, err := tlsConfig()
	if err != nil {
		return err
	}
	kit, err := flags.Open(sched.Options{Ended: serving.ReportTask})
	if err != nil {
		return err
	}
	listeners, err := kit.Listen(addr, serving.ListenOptions())
	if err != nil {
		return err
	}
	if err := serving.Report(kit, *report, *collect); err != nil {
		return err
	}
	fmt.Printf("listening on %v\n", listeners[0].Addr())
	body := func(_ *sched.Task, conn *stream.Conn) error { return echoTLS(tls.Server(conn, config)) }
	if kit.Flags.Task == "handler" {
		body = newTLSHandlers(config).serve
	}
	return serving.Serve(ctx, kit, listeners, func(t *sched.Task, _ *strategy.Place, sock stream.Socket, _ net.Addr) error {
		return serving.Spawn(t, sock, "tls", body)
	}, 0)
}

// echoTLS sends back what arrives until the peer ends the stream.
func echoTLS(conn *tls.Conn) error {
	if err := conn.Handshake(); err != nil {
		return err
	}
	buf := make([]byte, tlsBuffer)
	for {
		n, err := conn.Read(buf)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := conn.Write(buf[:n]); err != nil {
			return err
		}
	}
}

// tlsConfig returns a configuration with a self-signed certificate.
func tlsConfig() (*tls.Config, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "bench"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, nil
}
