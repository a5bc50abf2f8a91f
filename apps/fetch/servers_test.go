//go:build unix

package main

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/apps/internal/apptest"
	"github.com/stretchr/testify/require"
)

// proxy passes connections on and counts them.
type proxy struct {
	addr string

	mu     sync.Mutex // guards the fields below
	total  int
	expect int           // connections to wait for before anything is passed on
	ready  chan struct{} // closed when they have arrived
}

// newProxy passes nothing on before first connections exist at the same time.
func newProxy(t *testing.T, to string, first int) *proxy {
	t.Helper()
	p := &proxy{expect: first, ready: make(chan struct{})}
	p.addr = listen(t, func(c *net.TCPConn) {
		p.count()
		select {
		case <-p.ready:
		case <-t.Context().Done():
			return
		}
		d, err := net.Dial("tcp", to)
		if err != nil {
			t.Error(err)
			return
		}
		defer d.Close()
		go func() {
			io.Copy(d, c)
			d.(*net.TCPConn).CloseWrite()
		}()
		io.Copy(c, d)
	})
	return p
}

func (p *proxy) count() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.total++
	if p.expect--; p.expect == 0 {
		close(p.ready)
	}
}

func (p *proxy) connections() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.total
}

// listen serves each connection with f, on its own goroutine, until the test ends.
func listen(t *testing.T, f func(*net.TCPConn)) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var serving sync.WaitGroup
	t.Cleanup(func() {
		l.Close()
		serving.Wait()
	})
	serving.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer c.Close()
				c.SetDeadline(time.Now().Add(apptest.RunTimeout))
				f(c.(*net.TCPConn))
			})
		}
	})
	return l.Addr().String()
}

// answer reads a request and writes reply unchanged. It then calls then, unless that is nil.
func answer(reply string, then func(*net.TCPConn)) func(*net.TCPConn) {
	return func(c *net.TCPConn) {
		if _, err := http.ReadRequest(bufio.NewReader(c)); err != nil {
			return
		}
		io.WriteString(c, reply)
		if then != nil {
			then(c)
		}
	}
}

// silent takes a connection and sends nothing until the peer gives up.
func silent(c *net.TCPConn) { io.Copy(io.Discard, c) }

// serveTLS serves handler over https with the certificate.
func serveTLS(t *testing.T, cert *apptest.Certificate, handler http.Handler) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(handler)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{cert.Pair}}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// serveNginx serves a directory over https and returns the address.
func serveNginx(t *testing.T, cert *apptest.Certificate, root string) (addr string) {
	t.Helper()
	nginx := apptest.Need(t, "nginx")
	dir := t.TempDir()
	// nginx cannot choose a port: use one that was free a moment ago.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr = l.Addr().String()
	l.Close()
	for _, d := range []string{dir, filepath.Dir(dir), root, filepath.Dir(root)} {
		require.NoError(t, os.Chmod(d, 0o755))
	}
	config := fmt.Sprintf(`daemon off; master_process off; worker_processes 1; pid %[1]s/pid; error_log stderr error;
events { worker_connections 1024; }
http {
	access_log off; root %[2]s; sendfile on; keepalive_requests 100000;
	client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/fcgi; uwsgi_temp_path %[1]s/uwsgi; scgi_temp_path %[1]s/scgi;
	server { listen %[3]s ssl; ssl_certificate %[4]s; ssl_certificate_key %[5]s; }
}
`, dir, root, addr, cert.CertFile, cert.KeyFile)
	name := filepath.Join(dir, "nginx.conf")
	require.NoError(t, os.WriteFile(name, []byte(config), 0o644))
	var out lockedBuffer
	c := exec.Command(nginx, "-p", dir, "-e", "stderr", "-c", name)
	c.Stdout, c.Stderr = &out, &out
	require.NoError(t, c.Start())
	t.Cleanup(func() {
		c.Process.Signal(syscall.SIGTERM)
		late := time.AfterFunc(apptest.StopTimeout, func() { c.Process.Kill() })
		defer late.Stop()
		c.Wait()
	})
	apptest.Until(t, apptest.StartTimeout, "nginx listens", func() bool {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	return addr
}

// lockedBuffer keeps the output of a process, for debugging a test.
type lockedBuffer struct {
	mu   sync.Mutex
	text []byte
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.text = append(b.text, p...)
	return len(p), nil
}
