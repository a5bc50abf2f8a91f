package interop

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

func TestSSH(t *testing.T) {
	runForms(t,
		check{"payload", sshPayload},
		check{"half-close", sshHalfClose},
		check{"many", sshMany},
		check{"large", sshLarge},
		check{"forwarded", sshForwarded},
		check{"deadline", sshDeadline},
		check{"cancel", sshCancel},
	)
}

// shell is a server of the harness. Each session runs handle, which gets the command.
type shell struct {
	addr   string
	config *ssh.ClientConfig
}

func openShell(t *testing.T, h harness, handle func(command string, c ssh.Channel) error) *shell {
	l, err := h.Listen(t.Context(), "tcp", loopback)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(ed25519.NewKeyFromSeed(payload(ed25519.SeedSize, 1)))
	if err != nil {
		t.Fatal(err)
	}
	server := &ssh.ServerConfig{PasswordCallback: func(_ ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
		return nil, same("password", password, []byte("secret"))
	}}
	server.AddHostKey(signer)
	h.Go("serve", func(ctx context.Context) error {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		return h.Blocking(ctx, func() error { return errors.Join(serveSSH(c, server, handle), l.Close()) })
	})
	return &shell{addr: l.Addr().String(), config: &ssh.ClientConfig{
		User:            "user",
		Auth:            []ssh.AuthMethod{ssh.Password("secret")},
		HostKeyCallback: ssh.FixedHostKey(signer.PublicKey()),
	}}
}

// serveSSH serves one connection until the client ends it.
func serveSSH(c net.Conn, config *ssh.ServerConfig, handle func(string, ssh.Channel) error) error {
	s, channels, requests, err := ssh.NewServerConn(c, config)
	if err != nil {
		return errors.Join(err, c.Close())
	}
	var all sync.WaitGroup
	all.Go(func() { ssh.DiscardRequests(requests) })
	for n := range channels {
		all.Go(func() {
			if err := serveChannel(n, handle); err != nil {
				_ = n.Reject(ssh.ConnectionFailed, err.Error())
			}
		})
	}
	all.Wait()
	_ = s.Close()
	return nil
}

func serveChannel(n ssh.NewChannel, handle func(string, ssh.Channel) error) error {
	c, requests, err := n.Accept()
	if err != nil {
		return err
	}
	defer c.Close()
	if n.ChannelType() == "direct-tcpip" {
		go ssh.DiscardRequests(requests)
		return handle("forward", c)
	}
	for r := range requests {
		_ = r.Reply(r.Type == "exec", nil)
		if r.Type != "exec" {
			continue
		}
		go ssh.DiscardRequests(requests)
		var command struct{ Value string }
		if err := ssh.Unmarshal(r.Payload, &command); err != nil {
			return err
		}
		var exit struct{ Status uint32 }
		if err := handle(command.Value, c); err != nil {
			exit.Status = 1
			_, _ = io.WriteString(c.Stderr(), err.Error())
		}
		_, err := c.SendRequest("exit-status", false, ssh.Marshal(exit))
		return err
	}
	return nil
}

// client starts the body of the client.
func (s *shell) client(h harness, use func(c *ssh.Client) error) {
	h.Go("client", func(ctx context.Context) error {
		n, err := h.DialContext(ctx, "tcp", s.addr)
		if err != nil {
			return err
		}
		return h.Blocking(ctx, func() error {
			c, channels, requests, err := ssh.NewClientConn(n, s.addr, s.config)
			if err != nil {
				return errors.Join(err, n.Close())
			}
			client := ssh.NewClient(c, channels, requests)
			err = use(client)
			_ = client.Close() // fails if use has closed it
			return err
		})
	})
}

// run runs command with input and returns its output.
func run(c *ssh.Client, command string, input []byte) ([]byte, error) {
	s, err := c.NewSession()
	if err != nil {
		return nil, err
	}
	defer s.Close()
	var fault bytes.Buffer
	s.Stdin, s.Stderr = bytes.NewReader(input), &fault
	out, err := s.Output(command)
	if err != nil {
		err = fmt.Errorf("%w: %s", err, fault.Bytes())
	}
	return out, err
}

// cat answers while it reads.
func cat(_ string, c ssh.Channel) error {
	_, err := io.Copy(c, c)
	return err
}

func runCat(c *ssh.Client, n int, seed uint64) error {
	want := payload(n, seed)
	got, err := run(c, "cat", want)
	return errors.Join(err, same("cat", got, want))
}

func sshPayload(t *testing.T, h harness) {
	openShell(t, h, cat).client(h, func(c *ssh.Client) error {
		for i, n := range []int{0, 1, 4096, 1 << 16} {
			if err := runCat(c, n, uint64(i)); err != nil {
				return err
			}
		}
		return nil
	})
}

// sshHalfClose has a command that answers after the end of its input.
func sshHalfClose(t *testing.T, h harness) {
	openShell(t, h, func(command string, c ssh.Channel) error {
		in, err := io.ReadAll(c)
		if err != nil {
			return err
		}
		_, err = c.Write(append([]byte(command), in...))
		return err
	}).client(h, func(c *ssh.Client) error {
		in := payload(100_000, 1)
		out, err := run(c, "prefix", in)
		return errors.Join(err, same("answer", out, append([]byte("prefix"), in...)))
	})
}

func sshMany(t *testing.T, h harness) {
	openShell(t, h, cat).client(h, func(c *ssh.Client) error {
		return together(50, func(i int) error { return runCat(c, 10_000+i, uint64(i)) })
	})
}

func sshLarge(t *testing.T, h harness) {
	openShell(t, h, cat).client(h, func(c *ssh.Client) error { return runCat(c, 4<<20, 1) })
}

// sshForwarded uses a forwarded connection, which is a net.Conn of the library.
func sshForwarded(t *testing.T, h harness) {
	openShell(t, h, cat).client(h, func(c *ssh.Client) error {
		n, err := c.Dial("tcp", "192.0.2.1:7")
		if err != nil {
			return err
		}
		want := payload(100_000, 1)
		if _, err := n.Write(want); err != nil {
			return err
		}
		if err := n.(halfCloser).CloseWrite(); err != nil {
			return err
		}
		got, err := io.ReadAll(n)
		_ = n.Close() // io.EOF, because the server has closed too
		return errors.Join(err, same("echo", got, want))
	})
}

// sshDeadline has a server that does not answer.
func sshDeadline(t *testing.T, h harness) {
	l, err := h.Listen(t.Context(), "tcp", loopback)
	if err != nil {
		t.Fatal(err)
	}
	h.Go("serve", func(context.Context) error {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		for err == nil {
			_, err = c.Read(make([]byte, 1000))
		}
		return errors.Join(c.Close(), l.Close())
	})
	h.Go("client", func(ctx context.Context) error {
		n, err := h.DialContext(ctx, "tcp", l.Addr().String())
		if err != nil {
			return err
		}
		if err := n.SetDeadline(time.Now().Add(short)); err != nil {
			return err
		}
		return h.Blocking(ctx, func() error {
			_, _, _, err := ssh.NewClientConn(n, "", &ssh.ClientConfig{HostKeyCallback: ssh.InsecureIgnoreHostKey()})
			_ = n.Close()
			return mustTimeOut("handshake", err)
		})
	})
}

// sshCancel closes the connection while a command runs. Both ends notice.
func sshCancel(t *testing.T, h harness) {
	noticed := make(chan error, 1)
	openShell(t, h, func(_ string, c ssh.Channel) error {
		if _, err := io.WriteString(c, "begin"); err != nil {
			return err
		}
		_, err := c.Read(make([]byte, 1))
		noticed <- err
		return err
	}).client(h, func(c *ssh.Client) error {
		s, err := c.NewSession()
		if err != nil {
			return err
		}
		out, err := s.StdoutPipe()
		if err != nil {
			return err
		}
		in, err := s.StdinPipe()
		if err != nil {
			return err
		}
		if err := s.Start("wait"); err != nil {
			return err
		}
		begin, err := readFull(out, len("begin"))
		if err := errors.Join(err, same("begin", begin, []byte("begin"))); err != nil {
			return err
		}
		_ = c.Conn.Close()
		_, err = in.Write([]byte("x"))
		if err == nil {
			return errors.New("a write after the end of the connection: no error")
		}
		var missing *ssh.ExitMissingError
		if err := s.Wait(); !errors.As(err, &missing) {
			return fmt.Errorf("Wait after the end of the connection: got error %v, want a missing exit status", err)
		}
		return mustBe("server", <-noticed, io.EOF)
	})
}
