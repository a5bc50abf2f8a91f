package main

import (
	"bufio"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"sync"

	"github.com/edgewise-go/edgewise/apps/internal/cli"
)

// idleDials is how many connections are made at the same time.
const idleDials = 16

// idleMessage is the size of the one message of each connection.
const idleMessage = 128

// idleLoad does one step per line that it reads. First it connects. Then it sends a message on each
// connection and reads the reply. It ends with its input.
func idleLoad(args []string) error {
	fs := flag.NewFlagSet("bench idleload", flag.ContinueOnError)
	addr := fs.String("addr", "", "address of the server")
	n := fs.Int("c", 0, "connections")
	encrypted := fs.Bool("tls", false, "with TLS")
	if err := cli.Parse(fs, args, "internal"); err != nil {
		return err
	}
	conns := make([]net.Conn, *n)
	defer func() {
		for _, conn := range conns {
			if conn != nil {
				conn.Close()
			}
		}
	}()
	steps := []func(i int) error{
		func(i int) (err error) {
			dialer := net.Dialer{Timeout: dialPatience}
			conns[i], err = dialer.Dial("tcp", *addr)
			if err == nil && *encrypted {
				// The server has made the certificate for itself.
				client := tls.Client(conns[i], &tls.Config{InsecureSkipVerify: true})
				err = client.Handshake()
				conns[i] = client
			}
			return err
		},
		func(i int) error {
			message := make([]byte, idleMessage)
			if _, err := conns[i].Write(message); err != nil {
				return err
			}
			_, err := io.ReadFull(conns[i], message)
			return err
		},
	}
	told := bufio.NewScanner(os.Stdin)
	for _, step := range steps {
		if !told.Scan() {
			return errors.Join(io.ErrUnexpectedEOF, told.Err())
		}
		if err := forEach(*n, step); err != nil {
			return err
		}
		fmt.Println("done")
	}
	told.Scan()
	return told.Err()
}

// forEach calls f for each number below n, several at once, and returns the errors of the first
// calls that fail.
func forEach(n int, f func(int) error) error {
	var group sync.WaitGroup
	errs := make([]error, idleDials)
	for worker := range idleDials {
		group.Go(func() {
			for i := worker; i < n && errs[worker] == nil; i += idleDials {
				errs[worker] = f(i)
			}
		})
	}
	group.Wait()
	return errors.Join(errs...)
}
