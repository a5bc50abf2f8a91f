package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/edgewise-go/edgewise/apps/internal/apptest"
)

// Urgent data in the header of a request is not part of it: the byte is out of band (tcp(7)).
// recv(2) stops at the urgent mark, and no event comes for the bytes after it if they arrived
// before. The server waits for a second request on each connection, and is stopped while the bytes
// arrive.
func TestUrgentDataWithinTheHeader(t *testing.T) {
	t.Parallel()
	const requests = 20
	s := newSite(t)
	for _, queue := range apptest.Queues(t) {
		for _, mode := range []string{"edge", "level", "oneshot"} {
			t.Run(queue+"/"+mode, func(t *testing.T) {
				t.Parallel()
				server := s.serve(t, nil, "-queue", queue, "-mode", mode)
				var clients []net.Conn
				var answers []*bufio.Reader
				for range requests {
					c := dial(t, server, nil)
					r := bufio.NewReader(c)
					if _, err := io.WriteString(c, helloRequest); err != nil {
						t.Fatal(err)
					}
					require.NoError(t, checkHello(r))
					clients, answers = append(clients, c), append(answers, r)
				}
				server.Signal(syscall.SIGSTOP)
				defer server.Signal(syscall.SIGCONT)
				apptest.Until(t, patience, "the server is stopped", func() bool { return apptest.AllThreads(t, server.PID(), apptest.Stopped) })
				for i, c := range clients {
					require.NoError(t, requestWithUrgentByte(c, i, requests))
				}
				server.Signal(syscall.SIGCONT)
				for i, r := range answers {
					require.NoErrorf(t, checkHello(r), "request %d of %d", i, requests)
				}
			})
		}
	}
}

const helloRequest = "GET /hello.txt HTTP/1.1\r\nHost: h\r\n\r\n"

// requestWithUrgentByte sends request i of n with an urgent byte at a place that depends on i.
func requestWithUrgentByte(c net.Conn, i, n int) error {
	at := 1 + i*(len(helloRequest)-2)/n
	if _, err := io.WriteString(c, helloRequest[:at]); err != nil {
		return err
	}
	raw, err := c.(*net.TCPConn).SyscallConn()
	if err != nil {
		return err
	}
	var sent error
	err = raw.Write(func(fd uintptr) bool {
		sent = unix.Send(int(fd), []byte("!"), unix.MSG_OOB)
		return sent != unix.EAGAIN
	})
	if err != nil || sent != nil {
		return fmt.Errorf("the urgent byte: %v, %v", err, sent)
	}
	_, err = io.WriteString(c, helloRequest[at:])
	return err
}

func checkHello(r *bufio.Reader) error {
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || string(body) != "hello, world\n" {
		return fmt.Errorf("got %s, %q, %v, want the file", resp.Status, body, err)
	}
	return nil
}
