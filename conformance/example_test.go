package conformance_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/netip"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/auto"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/stream"
)

// The server and the client are tasks of one loop, on one thread. Each handshake, read and write
// suspends only its own task.
func Example() {
	q, _, err := auto.New()
	if err != nil {
		log.Fatal(err)
	}
	loop := sched.New(q, sched.Options{Mode: queue.Edge})
	listener, err := stream.Listen(loop.Waiter(), netip.MustParseAddrPort("127.0.0.1:0"), stream.ListenOptions{})
	if err != nil {
		log.Fatal(err)
	}
	loop.Go(context.Background(), "server", func(*sched.Task) error {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		session := tls.Server(conn, serverConfig())
		defer session.Close()
		_, err = io.Copy(session, session)
		return err
	})
	loop.Go(context.Background(), "client", func(t *sched.Task) error {
		defer listener.Close()
		dialer := stream.Dialer{Waiter: loop.Waiter()}
		conn, err := dialer.DialContext(t.Context(), "tcp", listener.Addr().String())
		if err != nil {
			return err
		}
		session := tls.Client(conn, &tls.Config{InsecureSkipVerify: true}) // the server has just made its certificate
		defer session.Close()
		if _, err := session.Write([]byte("hello, loop")); err != nil {
			return err
		}
		reply := make([]byte, 11)
		if _, err := io.ReadFull(session, reply); err != nil {
			return err
		}
		fmt.Printf("%s\n", reply)
		return nil
	})
	loop.Drain()
	fmt.Println(loop.Run(context.Background()))
	// Output:
	// hello, loop
	// <nil>
}

func serverConfig() *tls.Config {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		log.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}
