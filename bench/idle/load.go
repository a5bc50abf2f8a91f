package idle

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/edgewise-go/edgewise/bench/internal/cli"
)

// loadWord is the word of the role.
const loadWord = "idle-load"

// dialsAtOnce bounds the connections that are being made at once.
const dialsAtOnce = 16

// messageBytes is the size of the one message of each connection.
const messageBytes = 128

// load holds connections to a server.
type load struct {
	addr      string
	conns     int
	encrypted bool
}

// Load returns the role that holds the connections.
func Load() *cobra.Command {
	l := &load{}
	cmd := cli.Role(loadWord, "Connections that stay idle, for idle; each line of the input makes all of them take the next step", l.run)
	f := cmd.Flags()
	f.StringVar(&l.addr, "addr", "", "address of the server")
	f.IntVarP(&l.conns, "connections", "c", 0, "connections")
	f.BoolVar(&l.encrypted, "tls", false, "with TLS")
	return cmd
}

// run does one step per line that it reads. First it connects. Then it sends a message on each
// connection and reads the reply. It ends with its input.
func (l *load) run(out io.Writer) error {
	conns := make([]net.Conn, l.conns)
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
			conns[i], err = dialer.Dial("tcp", l.addr)
			if err == nil && l.encrypted {
				// The server has made the certificate for itself.
				client := tls.Client(conns[i], &tls.Config{InsecureSkipVerify: true})
				err = client.Handshake()
				conns[i] = client
			}
			return err
		},
		func(i int) error {
			message := make([]byte, messageBytes)
			if _, err := conns[i].Write(message); err != nil {
				return err
			}
			_, err := io.ReadFull(conns[i], message)
			return err
		},
	}
	input := bufio.NewScanner(os.Stdin)
	for _, step := range steps {
		if !input.Scan() {
			return errors.Join(io.ErrUnexpectedEOF, input.Err())
		}
		if err := forEach(l.conns, step); err != nil {
			return err
		}
		fmt.Fprintln(out, "done")
	}
	input.Scan()
	return input.Err()
}

// forEach calls f for each number below n, several at once. It stops at the first error and returns
// it.
func forEach(n int, f func(int) error) error {
	group, ctx := errgroup.WithContext(context.Background())
	for worker := range dialsAtOnce {
		group.Go(func() error {
			for i := worker; i < n && ctx.Err() == nil; i += dialsAtOnce {
				if err := f(i); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}
